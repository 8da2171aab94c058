"""Matrices whose condition is known: their singular values, or eigenvalues, are chosen.

They lie between 1 and 2.1, at least 0.4 apart, for up to three of them. So a solution is at most
2.1 times as inexact, relatively, as the matrix, and a vector at most 2.1 / 0.4 times.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..record import Case, Sides
from .arrays import seeds, shapes

__all__ = [
    "OF_SOLUTIONS", "OF_VECTORS", "factorable", "fixed", "matrix", "positive_definite",
    "rectangles", "squares", "stacks", "symmetric",
]  # fmt: skip

OF_SOLUTIONS = 2.1
OF_VECTORS = 2.1 / 0.4

Shape = tuple[int, ...]


def matrix(rng: np.random.Generator, stack: Shape, rows: int, columns: int) -> Any:
    """Random orthonormal vectors around the chosen singular values."""
    u, v = (np.linalg.qr(rng.standard_normal((*stack, n, n)))[0] for n in (rows, columns))
    size = min(rows, columns)
    order = np.argsort(rng.random((*stack, size)), axis=-1)
    s = 1 + 0.5 * order + rng.uniform(0, 0.1, order.shape)
    return (u[..., :size] * s[..., None, :]) @ v.mT[..., :size, :]


def stacks(sides: Sides) -> st.SearchStrategy[Shape]:
    """The leading axes of a stack of matrices: one or none."""
    return shapes(0, 1, sides)


@st.composite
def squares(draw: st.DrawFn, sides: Sides) -> Case:
    """One square matrix, or a stack of them."""
    stack, n = draw(stacks(sides)), draw(st.sampled_from(sides))
    return Case((matrix(np.random.default_rng(draw(seeds)), stack, n, n),), {})


@st.composite
def rectangles(draw: st.DrawFn, sides: Sides, **params: Any) -> Case:
    """One matrix, or a stack of them, and parameters."""
    stack, m, n = draw(stacks(sides)), draw(st.sampled_from(sides)), draw(st.sampled_from(sides))
    x = matrix(np.random.default_rng(draw(seeds)), stack, m, n)
    return Case((x,), {name: draw(params[name]) for name in params})


@st.composite
def factorable(draw: st.DrawFn, sides: Sides, **params: Any) -> Case:
    """The same for QR: of a wide matrix, the columns that Q is made of are as far from singular."""
    case = draw(rectangles(sides, **params))
    (x,) = case.inputs
    *stack, m, n = x.shape
    if m < n:
        square = matrix(np.random.default_rng(draw(seeds)), tuple(stack), m, m)
        x = np.concatenate([square, x[..., m:]], axis=-1)
    return Case((x,), case.params)


@st.composite
def positive_definite(draw: st.DrawFn, sides: Sides, **params: Any) -> Case:
    """Products of the matrix with its transpose have the squares of its singular values."""
    stack, n = draw(stacks(sides)), draw(st.sampled_from(sides))
    x = matrix(np.random.default_rng(draw(seeds)), stack, n, n)
    w, v = np.linalg.eigh(x @ x.mT)
    return Case(((v * np.sqrt(w)[..., None, :]) @ v.mT,), {p: draw(params[p]) for p in params})


def symmetric(x: Any) -> Any:
    """The symmetric part, by any library: what a decomposition of symmetric matrices takes."""
    return (x + x.mT) / 2


def fixed(v: Any, make: Any) -> Any:
    """The columns of v, each times a combination of its own elements: their signs cancel."""
    weights = make(np.array([[1.0, 0.7, 0.4][: v.shape[-2]]]))
    return v * (weights @ v)
