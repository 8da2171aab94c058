"""Records of products of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import Case, OpRecord, Sides, named
from ..strategies.arrays import broadcastable_shapes, seeds, shapes
from ..strategies.calls import inputs_from, one_array, one_axis

__all__ = ["composed", "records"]


@st.composite
def factors(draw: st.DrawFn, sides: Sides) -> Case:
    """Matrices and vectors that multiply; batch axes broadcast."""
    left, right = draw(broadcastable_shapes(2, max_dims=2, sides=sides))
    n, k, m = (draw(st.sampled_from(sides)) for _ in range(3))
    a = (k,) if not left and draw(st.booleans()) else (*left, n, k)
    b = (k,) if not right and draw(st.booleans()) else (*right, k, m)
    return Case(inputs_from((Domain(), Domain()), [a, b], draw(seeds)), {})


@st.composite
def contracted(draw: st.DrawFn, sides: Sides) -> Case:
    shared = draw(shapes(0, 2, sides))
    a, b = draw(shapes(0, 1, sides)), draw(shapes(0, 1, sides))
    found = inputs_from((Domain(), Domain()), [(*a, *shared), (*shared, *b)], draw(seeds))
    return Case(found, {"axes": len(shared)})


@st.composite
def vectors(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(1, 3, sides))
    axis = draw(st.integers(-len(shape), -1))
    return Case(inputs_from((Domain(), Domain()), [shape, shape], draw(seeds)), {"axis": axis})


@st.composite
def two_vectors(draw: st.DrawFn, sides: Sides) -> Case:
    found = [draw(shapes(1, 1, sides)) for _ in range(2)]
    return Case(inputs_from((Domain(), Domain()), found, draw(seeds)), {})


def norms(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    kept = {**one_axis(draw, shape), "keepdims": draw(st.booleans())}
    return {**kept, "ord": draw(st.sampled_from([1, 2, 3, 1.5, math.inf, -math.inf]))}


def mismatch(device: Any) -> Any:
    return mg.matmul(mg.ones((3, 4), device=device), mg.ones((5, 6), device=device))


records = [
    OpRecord("matmul", named("matmul"), mg.matmul, factors, np.matmul, "matmul", sums=True, errors=(
        ErrorCase(mismatch, ValueError,
            r"matmul: \(3, 4\) @ \(5, 6\): inner dimensions 4 and 5 differ"),
        ErrorCase(lambda device: mg.matmul(mg.ones((2, 3, 4), device=device),
                                     mg.ones((5, 4, 3), device=device)),
            ValueError, "batch dimensions do not broadcast"),
        ErrorCase(lambda device: mg.matmul(mg.ones((), device=device), mg.ones(2, device=device)),
            ValueError, "at least one dimension"),
    )),
    OpRecord("matrix_transpose", named("matrix_transpose"), mg.matrix_transpose,
        one_array(min_dims=2), np.matrix_transpose, "adjoint",
        errors=(ErrorCase(lambda device: mg.matrix_transpose(mg.ones(2, device=device)), ValueError,
                 r"matrix_transpose: a Tensor of shape \(2,\) has no matrices"),)),
]  # fmt: skip

composed = [
    OpRecord("tensordot", None, mg.tensordot, contracted, np.tensordot,
        lambda t, a, b, axes: t.tensordot(a, b, dims=axes), sums=True),
    OpRecord("vecdot", None, mg.vecdot, vectors, np.vecdot,
        lambda t, a, b, axis: (a * b).sum(axis), sums=True),
    OpRecord("outer", None, mg.linalg.outer, two_vectors, np.outer, "outer"),
    OpRecord("vector_norm", None, mg.linalg.vector_norm,
        one_array(Domain(distinct=True), norms, min_dims=1),
        np.linalg.vector_norm,
        lambda t, x, axis, ord, keepdims: t.linalg.vector_norm(x, ord, axis, keepdims),
        ties=True, sums=True, kinks="0 at the origin"),
]  # fmt: skip
