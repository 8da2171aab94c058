"""Records of linear algebra with complex matrices, as far as it has derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..domain import Domain
from ..record import Case, OpRecord, Sides
from ..strategies.arrays import seeds, shapes
from ..strategies.matrices import OF_SOLUTIONS

__all__ = ["composed"]

la = mg.linalg
plane = Domain(-2, 2, kind="c")


def turned(rng: np.random.Generator, *shape: int) -> Any:
    """Square matrices near a multiple of the identity: the condition is below 2."""
    *stack, n = shape
    noise = plane.values(rng, (*stack, n, n)) / (8 * max(n, 1))
    return (1 - 0.5j) * np.eye(n) + noise


@st.composite
def squares(draw: st.DrawFn, sides: Sides, params: Any = lambda draw: {}) -> Case:
    n, stack = draw(st.sampled_from(sides)), draw(shapes(0, 1, sides))
    return Case((turned(np.random.default_rng(draw(seeds)), *stack, n),), params(draw))


@st.composite
def systems(draw: st.DrawFn, sides: Sides) -> Case:
    """Matrices and right sides, one of them at least complex; a vector has one axis."""
    n, stack = draw(st.sampled_from(sides)), draw(shapes(0, 1, sides))
    rng = np.random.default_rng(draw(seeds))
    a, columns = turned(rng, *stack, n), (*stack, n, draw(st.sampled_from(sides)))
    b = plane.values(rng, (n,) if draw(st.booleans()) else columns)
    real = draw(st.sampled_from([None, 0, 1]))
    return Case((a.real if real == 0 else a, b.real if real == 1 else b), {})


def powers(sides: Sides) -> st.SearchStrategy[Case]:
    return squares(sides, lambda draw: {"n": draw(st.sampled_from([0, 1, 2, 3, -1, -2]))})


def of_shapes(*given: tuple[int, ...]) -> Callable[[Sides], st.SearchStrategy[Case]]:
    """Complex arrays of these shapes."""

    def case(seed: int) -> Case:
        rng = np.random.default_rng(seed)
        return Case(tuple(plane.values(rng, shape) for shape in given), {})

    return lambda sides: seeds.map(case)


def norms_of(xp: Any, z: Any) -> Any:
    """The norms made of sums of powers, each with a weight of its own."""
    norms = (xp.linalg.vector_norm(z, axis=-1, ord=order) for order in (2, 1, 3, 1.5))
    return sum(weight * norm for weight, norm in enumerate(norms, 1))


def sums_of_diagonals(xp: Any, z: Any) -> Any:
    return xp.linalg.diagonal(z, offset=1) + 2 * xp.linalg.trace(z, offset=-1)[..., None]


def torch_solve(t: Any, a: Any, b: Any) -> Any:
    columns = b[..., None] if b.ndim == 1 else b
    stack = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a, columns = (x.to(t.complex128).expand(*stack, *x.shape[-2:]) for x in (a, columns))
    y = t.linalg.solve(a, columns)
    return y[..., 0] if b.ndim == 1 else y


def torch_diagonals(t: Any, z: Any) -> Any:
    return z.diagonal(1, -2, -1) + 2 * z.diagonal(-1, -2, -1).sum(-1)[..., None]


composed: list[OpRecord] = [
    OpRecord("complex inv", None, la.inv, squares, np.linalg.inv, "linalg.inv",
        sums=True, ties=True, condition=OF_SOLUTIONS),
    OpRecord("complex solve", None, la.solve, systems, np.linalg.solve, torch_solve,
        sums=True, ties=True, condition=OF_SOLUTIONS),
    OpRecord("complex det", None, la.det, squares, np.linalg.det, "linalg.det",
        sums=True, ties=True, condition=OF_SOLUTIONS, kinks="nan at a singular matrix"),
    OpRecord("complex matrix_power", None, lambda z, n: la.matrix_power(z, n), powers,
        np.linalg.matrix_power, "linalg.matrix_power", sums=True, ties=True,
        condition=OF_SOLUTIONS**2),
    OpRecord("complex einsum", None, lambda a, b, c: mg.einsum("bij,jk,bk->ib", a, b, c),
        of_shapes((2, 3, 4), (4, 2), (2, 2)),
        lambda a, b, c: np.einsum("bij,jk,bk->ib", a, b, c),
        lambda t, a, b, c: t.einsum("bij,jk,bk->ib", a, b, c), sums=True),
    OpRecord("complex tensordot", None, lambda a, b: mg.tensordot(a, b, axes=((0, 2), (1, 0))),
        of_shapes((2, 3, 4), (4, 2, 3)), lambda a, b: np.tensordot(a, b, ((0, 2), (1, 0))),
        lambda t, a, b: t.tensordot(a, b, ((0, 2), (1, 0))), sums=True),
    OpRecord("complex outer", None, la.outer, of_shapes((3,), (2,)), np.linalg.outer, "outer"),
    OpRecord("complex cross", None, la.cross, of_shapes((2, 3), (1, 3)), np.linalg.cross,
        "linalg.cross", sums=True),
    OpRecord("complex diagonal and trace", None, lambda z: sums_of_diagonals(mg, z),
        of_shapes((2, 3, 4)), lambda z: sums_of_diagonals(np, z), torch_diagonals, sums=True),
    OpRecord("complex vector_norm", None, lambda z: norms_of(mg, z), of_shapes((2, 4)),
        lambda z: norms_of(np, z), norms_of, sums=True),
    OpRecord("complex matrix_norm", None, la.matrix_norm, of_shapes((2, 3, 4)),
        lambda z: np.linalg.matrix_norm(z), "linalg.matrix_norm", sums=True),
]  # fmt: skip
