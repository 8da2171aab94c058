"""Records of linear systems, determinants and decompositions."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import Case, OpRecord, Sides, named
from ..strategies.arrays import broadcastable_shapes, seeds
from ..strategies.calls import inputs_from, one_array
from ..strategies.matrices import (
    OF_SOLUTIONS,
    OF_VECTORS,
    factorable,
    fixed,
    matrix,
    positive_definite,
    rectangles,
    squares,
    symmetric,
)

__all__ = ["composed", "records"]

la = mg.linalg


def bad_shapes(name: str, call: Any, square: bool = True) -> tuple[ErrorCase, ...]:
    vector = ErrorCase(lambda device: call(mg.ones(3, device=device)), ValueError,
                 rf"^{name}: a Tensor of shape \(3,\) has no matrices")  # fmt: skip
    oblong = ErrorCase(lambda device: call(mg.ones((2, 3), device=device)), ValueError,
                 rf"^{name}: expected square matrices, got \(2, 3\): 2 rows, 3 col")  # fmt: skip
    return (vector, oblong) if square else (vector,)


def singular(name: str, call: Any) -> ErrorCase:
    return ErrorCase(
        lambda device: call(mg.ones((2, 2), device=device)), ValueError,
        rf"^{name}: the matrix of shape \(2, 2\) is singular; add a small multiple",
    )  # fmt: skip


@st.composite
def systems(draw: st.DrawFn, sides: Sides) -> Case:
    """Matrices and right sides; a vector for the right side if it has one axis."""
    left, right = draw(broadcastable_shapes(2, max_dims=1, sides=sides))
    n, k = draw(st.sampled_from(sides)), draw(st.sampled_from(sides))
    rng = np.random.default_rng(draw(seeds))
    b = (n,) if draw(st.booleans()) else (*right, n, k)
    return Case((matrix(rng, left, n, n), rng.uniform(-2, 2, b)), {})


def torch_solve(t: Any, a: Any, b: Any) -> Any:
    """PyTorch takes some stacks for vectors; with equal stacks it can't."""
    columns = b[..., None] if b.ndim == 1 else b
    stack = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a, columns = (x.expand(*stack, *x.shape[-2:]) for x in (a, columns))
    y = t.linalg.solve(a, columns)
    return y[..., 0] if b.ndim == 1 else y


def outputs_of(library: Any, f: str, x: Any, i: int, **params: Any) -> Any:
    return getattr(library.linalg, f)(x, **params)[i]


def eigenvectors(x: mg.Tensor) -> mg.Tensor:
    make = partial(mg.asarray, dtype=x.dtype, device=x.device)
    return fixed(la.eigh(symmetric(x)).eigenvectors, make)


def left_vectors(x: mg.Tensor, full_matrices: bool = False) -> mg.Tensor:
    make = partial(mg.asarray, dtype=x.dtype, device=x.device)
    return fixed(la.svd(x, full_matrices=full_matrices).U, make)


def right_vectors(x: mg.Tensor) -> mg.Tensor:
    make = partial(mg.asarray, dtype=x.dtype, device=x.device)
    return fixed(la.svd(x, full_matrices=False).Vh.mT, make).mT


def q_factor(x: mg.Tensor, mode: str) -> mg.Tensor:
    """Q with the signs for which the diagonal of R is positive."""
    q, r = la.qr(x, mode=mode)
    return q * mg.expand_dims(mg.sign(la.diagonal(r)), axis=-2)


def r_factor(x: mg.Tensor, mode: str) -> mg.Tensor:
    r = la.qr(x, mode=mode).R
    size = min(x.shape[-2:])
    signs = mg.expand_dims(mg.sign(la.diagonal(r)), axis=-1)
    return mg.concat([r[..., :size, :] * signs, r[..., size:, :]], axis=-2)


def numpy_q(x: Any, mode: str) -> Any:
    q, r = np.linalg.qr(x, mode=mode)
    return q * np.sign(np.linalg.diagonal(r))[..., None, :]


def numpy_r(x: Any, mode: str) -> Any:
    r = np.linalg.qr(x, mode=mode).R
    signs = np.sign(np.linalg.diagonal(r))[..., None]
    return np.concat([r[..., : min(x.shape[-2:]), :] * signs, r[..., min(x.shape[-2:]) :, :]], -2)


def torch_q(t: Any, x: Any, mode: str) -> Any:
    q, r = t.linalg.qr(x, mode=mode)
    return q * t.linalg.diagonal(r).sign()[..., None, :]


def torch_r(t: Any, x: Any, mode: str) -> Any:
    """PyTorch has no derivative of a complete R, though it only adds zeros to the reduced one."""
    r = t.linalg.qr(x).R
    r = r * t.linalg.diagonal(r).sign()[..., None]
    more = x.shape[-2] - r.shape[-2] if mode == "complete" else 0
    return t.nn.functional.pad(r, (0, 0, 0, more))


@st.composite
def tall_or_reduced(draw: st.DrawFn, sides: Sides) -> Case:
    """Q in the mode that gives it a derivative."""
    case = draw(factorable(sides))
    rows, columns = case.inputs[0].shape[-2:]
    modes = ["reduced"] if rows > columns else ["reduced", "complete"]
    return Case(case.inputs, {"mode": draw(st.sampled_from(modes))})


modes = partial(factorable, mode=st.sampled_from(["reduced", "complete"]))
both = partial(rectangles, full_matrices=st.booleans())


def refused(call: Any) -> Any:
    """The derivative of the sum, which has to fail."""
    return lambda device: mg.sum(
        call(mg.ones((3, 2), device=device, requires_grad=True))
    ).backward()


completed_u = ErrorCase(
    refused(lambda x: la.svd(x).U),
    TypeError,
    r"svd: U has no derivative with full_matrices=True for shape \(3, 2\): 1 of",
)
completed_vh = ErrorCase(
    refused(lambda x: la.svd(x.mT).Vh),
    TypeError,
    r"svd: Vh has no derivative with full_matrices=True for shape \(2, 3\): 1 of",
)
completed_q = ErrorCase(
    refused(lambda x: la.qr(x, mode="complete").Q),
    TypeError,
    r"qr: Q has no derivative with mode='complete' for shape \(3, 2\): its last 1",
)
bad_mode = ErrorCase(lambda device: la.qr(mg.ones((2, 2), device=device), mode="r"), ValueError,
               "qr: mode is 'r', expected 'reduced' or 'complete'")  # fmt: skip


def row(name: str, call: Any, cases: Any, numpy: Any, torch: Any, **more: Any) -> OpRecord:
    return OpRecord(name, named(name), call, cases, numpy, torch, ties=True, sums=True, **more)


records = [
    row("inv", la.inv, squares, np.linalg.inv, "linalg.inv", condition=OF_SOLUTIONS,
        errors=(*bad_shapes("inv", la.inv), singular("inv", la.inv))),
    row("solve", la.solve, systems, np.linalg.solve, torch_solve, condition=OF_SOLUTIONS, errors=(
        singular("solve", lambda a: la.solve(a, a)),
        ErrorCase(lambda device: la.solve(mg.eye(2, device=device), mg.ones((3, 1), device=device)),
            ValueError, r"solve: \(2, 2\) and \(3, 1\): 2 unknowns, but \(3, 1\) has 3 rows"),
        ErrorCase(lambda device: la.solve(mg.ones((2, 1, 1), device=device),
                                    mg.ones((3, 1, 1), device=device)),
            ValueError, r"the stacks \(2,\) and \(3,\) do not broadcast"),
    )),
    row("det", la.det, squares, np.linalg.det, "linalg.det", condition=OF_SOLUTIONS,
        errors=bad_shapes("det", la.det), kinks="cofactors at a singular matrix"),
    row("slogdet.sign", lambda x: la.slogdet(x).sign, squares,
        lambda x: outputs_of(np, "slogdet", x, 0), lambda t, x: outputs_of(t, "slogdet", x, 0),
        errors=bad_shapes("slogdet", la.slogdet), kinks="0 everywhere"),
    row("slogdet.logabsdet", lambda x: la.slogdet(x).logabsdet, squares,
        lambda x: outputs_of(np, "slogdet", x, 1), lambda t, x: outputs_of(t, "slogdet", x, 1),
        condition=OF_SOLUTIONS, errors=bad_shapes("slogdet", la.slogdet),
        kinks="nan at a singular matrix"),
    row("cholesky", lambda x, upper: la.cholesky(symmetric(x), upper=upper),
        partial(positive_definite, upper=st.booleans()),
        lambda x, upper: np.linalg.cholesky(symmetric(x), upper=upper),
        lambda t, x, upper: t.linalg.cholesky(symmetric(x), upper=upper),
        condition=OF_SOLUTIONS, errors=(
            *bad_shapes("cholesky", la.cholesky),
            ErrorCase(lambda device: la.cholesky(-mg.eye(2, device=device)), ValueError,
                r"cholesky: the matrix of shape \(2, 2\) is not positive definite; add"))),
    row("qr.Q", q_factor, tall_or_reduced, numpy_q, torch_q, condition=OF_SOLUTIONS,
        errors=(*bad_shapes("qr", la.qr, False), bad_mode, completed_q),
        kinks="nan where columns depend on each other"),
    row("qr.R", r_factor, modes, numpy_r, torch_r, condition=OF_SOLUTIONS,
        errors=(bad_mode,), kinks="nan where columns depend on each other"),
    row("eigh.eigenvalues", lambda x: la.eigh(symmetric(x)).eigenvalues, positive_definite,
        lambda x: np.linalg.eigvalsh(symmetric(x)),
        lambda t, x: t.linalg.eigh(symmetric(x)).eigenvalues,
        condition=OF_VECTORS, errors=bad_shapes("eigh", la.eigh)),
    row("eigh.eigenvectors", eigenvectors, positive_definite,
        lambda x: fixed(np.linalg.eigh(symmetric(x)).eigenvectors, np.asarray),
        lambda t, x: fixed(t.linalg.eigh(symmetric(x)).eigenvectors, t.tensor),
        condition=OF_VECTORS, errors=bad_shapes("eigh", la.eigh),
        kinks="inf or nan where eigenvalues coincide"),
    row("eigvalsh", lambda x: la.eigvalsh(symmetric(x)), positive_definite,
        lambda x: np.linalg.eigvalsh(symmetric(x)), lambda t, x: t.linalg.eigvalsh(symmetric(x)),
        condition=OF_VECTORS, errors=bad_shapes("eigvalsh", la.eigvalsh)),
    row("svd.U", left_vectors, rectangles,
        lambda x: fixed(np.linalg.svd(x, full_matrices=False).U, np.asarray),
        lambda t, x: fixed(t.linalg.svd(x, full_matrices=False).U, t.tensor),
        condition=OF_VECTORS, errors=(*bad_shapes("svd", la.svd, False), completed_u),
        kinks="inf or nan where singular values coincide"),
    row("svd.S", lambda x, full_matrices: la.svd(x, full_matrices=full_matrices).S, both,
        lambda x, full_matrices: np.linalg.svdvals(x),
        lambda t, x, full_matrices: t.linalg.svd(x, full_matrices=False).S,
        condition=OF_VECTORS, errors=bad_shapes("svd", la.svd, False), kinks="0 at 0"),
    row("svd.Vh", right_vectors, rectangles,
        lambda x: fixed(np.linalg.svd(x, full_matrices=False).Vh.mT, np.asarray).mT,
        lambda t, x: fixed(t.linalg.svd(x, full_matrices=False).Vh.mT, t.tensor).mT,
        condition=OF_VECTORS, errors=(*bad_shapes("svd", la.svd, False), completed_vh),
        kinks="inf or nan where singular values coincide"),
    row("svdvals", la.svdvals, rectangles, np.linalg.svdvals, "linalg.svdvals",
        condition=OF_VECTORS, errors=bad_shapes("svdvals", la.svdvals, False), kinks="0 at 0"),
    row("pinv", la.pinv, rectangles, np.linalg.pinv, "linalg.pinv", condition=OF_SOLUTIONS,
        errors=bad_shapes("pinv", la.pinv, False)),
    OpRecord("matrix_rank", named("matrix_rank", constant=True), la.matrix_rank, rectangles,
        np.linalg.matrix_rank, "linalg.matrix_rank", constant=True, ties=True,
        errors=bad_shapes("matrix_rank", la.matrix_rank, False)),
]  # fmt: skip


@st.composite
def triples(draw: st.DrawFn, sides: Sides) -> Case:
    """Vectors of three elements along the last axis; the others broadcast."""
    left, right = draw(broadcastable_shapes(2, max_dims=2, sides=sides))
    return Case(inputs_from((Domain(), Domain()), [(*left, 3), (*right, 3)], draw(seeds)), {})


def offsets(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"offset": draw(st.integers(-2, 2))}


@st.composite
def powers(draw: st.DrawFn, sides: Sides) -> Case:
    case = draw(squares(sides))
    return Case(case.inputs, {"n": draw(st.integers(-2, 5))})


SUBSCRIPTS = (
    "ij,jk->ik", "ij,jk", "i,i->", "i,j->ij", "ii->i", "ii", "ij->ji", "ij->", "bij,bjk->bik",
    "...ij,...jk->...ik", "...i->...", "i...,i...->...", "ij,jk,kl->il", "iij,j->i", "ij,kj,k->",
    "ba",
)  # fmt: skip


@st.composite
def summations(draw: st.DrawFn, sides: Sides) -> Case:
    """Subscripts, and operands whose axes fit them; an ellipsis stands for up to two axes."""
    subscripts = draw(st.sampled_from(SUBSCRIPTS))
    sizes = {c: (draw(st.sampled_from(sides)),) for c in sorted(set(subscripts) - set(",->."))}
    parts = subscripts.partition("->")[0].split(",")
    found = draw(broadcastable_shapes(len(parts), max_dims=2, sides=sides))
    all_shapes = []
    for part, dots in zip(parts, found, strict=True):
        before, ellipsis, after = part.partition("...")
        axes = [*(sizes[c] for c in before), dots if ellipsis else (), *(sizes[c] for c in after)]
        all_shapes.append(tuple(n for axis in axes for n in axis))
    domains = (Domain(),) * len(parts)
    return Case(inputs_from(domains, all_shapes, draw(seeds)), {"subscripts": subscripts})


orders = st.sampled_from(["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf])
normed = partial(rectangles, ord=orders, keepdims=st.booleans())

composed = [
    OpRecord("einsum", None, lambda *xs, subscripts: mg.einsum(subscripts, *xs), summations,
        lambda *xs, subscripts: np.einsum(subscripts, *xs),
        lambda t, *xs, subscripts: t.einsum(subscripts, *xs).clone(), sums=True),
    OpRecord("cross", None, la.cross, triples, np.linalg.cross,
        lambda t, a, b: t.linalg.cross(*t.broadcast_tensors(a, b)), sums=True),
    OpRecord("diagonal", None, la.diagonal, one_array(params=offsets, min_dims=2),
        np.linalg.diagonal,
        "linalg.diagonal"),
    OpRecord("trace", None, la.trace, one_array(params=offsets, min_dims=2), np.linalg.trace,
        lambda t, x, offset: t.linalg.diagonal(x, offset=offset).sum(-1), sums=True),
    OpRecord("matrix_power", None, lambda x, n: la.matrix_power(x, n), powers,
        np.linalg.matrix_power,
        "linalg.matrix_power", ties=True, sums=True, condition=OF_SOLUTIONS**2),
    OpRecord("matrix_norm", None, la.matrix_norm, normed, np.linalg.matrix_norm,
        lambda t, x, ord, keepdims: t.linalg.matrix_norm(x, ord, keepdim=keepdims),
        ties=True, sums=True, condition=OF_VECTORS, kinks="0 at 0, ties shared"),
]  # fmt: skip
