"""Rows of products of matrices, and of the functions of `mg.special`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import special as scipy_special

import minigrad as mg
from tests.support.arrays import Domain, seeds, shapes, shapes_that_broadcast

from .draw import any_axis, arrays, one_array, one_axis
from .kinds import unary
from .row import Bad, Case, Row, Sides, named

__all__ = ["composed", "rows"]


@st.composite
def factors(draw: st.DrawFn, sides: Sides) -> Case:
    """Matrices and vectors that multiply; batch axes broadcast."""
    left, right = draw(shapes_that_broadcast(2, max_dims=2, sides=sides))
    n, k, m = (draw(st.sampled_from(sides)) for _ in range(3))
    a = (k,) if not left and draw(st.booleans()) else (*left, n, k)
    b = (k,) if not right and draw(st.booleans()) else (*right, k, m)
    return Case(arrays((Domain(), Domain()), [a, b], draw(seeds)), {})


@st.composite
def contracted(draw: st.DrawFn, sides: Sides) -> Case:
    shared = draw(shapes(0, 2, sides))
    a, b = draw(shapes(0, 1, sides)), draw(shapes(0, 1, sides))
    found = arrays((Domain(), Domain()), [(*a, *shared), (*shared, *b)], draw(seeds))
    return Case(found, {"axes": len(shared)})


@st.composite
def vectors(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(1, 3, sides))
    axis = draw(st.integers(-len(shape), -1))
    return Case(arrays((Domain(), Domain()), [shape, shape], draw(seeds)), {"axis": axis})


@st.composite
def two_vectors(draw: st.DrawFn, sides: Sides) -> Case:
    found = [draw(shapes(1, 1, sides)) for _ in range(2)]
    return Case(arrays((Domain(), Domain()), found, draw(seeds)), {})


def norms(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    kept = {**one_axis(draw, shape), "keepdims": draw(st.booleans())}
    return {**kept, "ord": draw(st.sampled_from([1, 2, 3, 1.5, math.inf, -math.inf]))}


def any_axis_but_none_left(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    params = any_axis(draw, shape)
    return {**params, "axis": None if params["axis"] == () else params["axis"]}


def norm_reference(x: Any, axis: int, ord: float, keepdims: bool) -> Any:
    """NumPy's norm, which alone lets the largest of no elements be 0."""
    if abs(ord) == math.inf:
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
    return np.linalg.vector_norm(x, axis=axis, ord=ord, keepdims=keepdims)


def logsumexp_reference(x: Any, axis: Any, keepdims: bool) -> Any:
    with np.errstate(divide="ignore"):
        return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def torch_logsumexp(t: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else axis
    return t.logsumexp(x, dim=axes, keepdim=keepdims) if x.ndim else x.clone()


def softmax_reference(x: Any, axis: int) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def mismatch(device: Any) -> Any:
    return mg.matmul(mg.ones((3, 4), device=device), mg.ones((5, 6), device=device))


def no_axis(call: Any) -> Bad:
    return Bad(lambda device: call(mg.ones((2, 3), device=device), axis=2), Exception, "axis 2")


rows = [
    Row("matmul", named("matmul"), mg.matmul, factors, np.matmul, "matmul", sums=True, bad=(
        Bad(mismatch, ValueError,
            r"matmul: \(3, 4\) @ \(5, 6\): inner dimensions 4 and 5 differ"),
        Bad(lambda device: mg.matmul(mg.ones((2, 3, 4), device=device),
                                     mg.ones((5, 4, 3), device=device)),
            ValueError, "batch dimensions do not broadcast"),
        Bad(lambda device: mg.matmul(mg.ones((), device=device), mg.ones(2, device=device)),
            ValueError, "at least one dimension"),
    )),
    Row("matrix_transpose", named("matrix_transpose"), mg.matrix_transpose,
        one_array(min_dims=2), np.matrix_transpose, "adjoint",
        bad=(Bad(lambda device: mg.matrix_transpose(mg.ones(2, device=device)), ValueError,
                 r"matrix_transpose: a Tensor of shape \(2,\) has no matrices"),)),
    unary(named("relu"), Domain(away=(0.0,)), numpy=lambda x: np.maximum(x, 0), kinks="0 at 0"),
    unary(named("expit"), numpy=scipy_special.expit, torch="special.expit"),
    unary(named("softplus"), numpy=lambda x: np.logaddexp(x, 0),
          torch=lambda t, x: t.nn.functional.softplus(x)),
    unary(named("erf"), numpy=scipy_special.erf, torch="special.erf"),
    unary(named("erfc"), numpy=scipy_special.erfc, torch="special.erfc"),
    Row("logsumexp", named("logsumexp"), mg.special.logsumexp,
        one_array(params=any_axis_but_none_left), logsumexp_reference, torch_logsumexp,
        sums=True, bad=(no_axis(mg.special.logsumexp),)),
    Row("softmax", named("softmax"), mg.special.softmax, one_array(params=one_axis, min_dims=1),
        softmax_reference, lambda t, x, axis: t.softmax(x, dim=axis),
        sums=True, bad=(no_axis(mg.special.softmax),)),
    Row("log_softmax", named("log_softmax"), mg.special.log_softmax,
        one_array(params=one_axis, min_dims=1), lambda x, axis: np.log(softmax_reference(x, axis)),
        lambda t, x, axis: t.log_softmax(x, dim=axis),
        sums=True, bad=(no_axis(mg.special.log_softmax),)),
]  # fmt: skip

composed = [
    Row("tensordot", None, mg.tensordot, contracted, np.tensordot,
        lambda t, a, b, axes: t.tensordot(a, b, dims=axes), sums=True),
    Row("vecdot", None, mg.vecdot, vectors, np.vecdot,
        lambda t, a, b, axis: (a * b).sum(axis), sums=True),
    Row("outer", None, mg.linalg.outer, two_vectors, np.outer, "outer"),
    Row("vector_norm", None, mg.linalg.vector_norm,
        one_array(Domain(distinct=True), norms, min_dims=1),
        norm_reference,
        lambda t, x, axis, ord, keepdims: t.linalg.vector_norm(x, ord, axis, keepdims),
        ties=True, sums=True, kinks="0 at the origin"),
]  # fmt: skip
