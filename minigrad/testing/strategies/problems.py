"""Whole problems to try an operation on: products, convolutions, pooling, batch normalisation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from ..domain import Domain
from .arrays import SIDES, arrays, broadcastable_shapes, seeds, shapes

__all__ = [
    "BatchNormProblem",
    "ConvolutionProblem",
    "PoolingProblem",
    "batch_norm_problems",
    "convolution_problems",
    "matmul_operands",
    "pooling_problems",
]

Array = np.ndarray[Any, Any]


def require_floating(name: str, *dtypes: Any) -> None:
    """Raise TypeError unless there is a dtype, and each is one of real floating numbers."""
    if not dtypes:
        raise TypeError(f"{name}: no dtype, so there is no problem to draw")
    for dtype in map(np.dtype, dtypes):
        if dtype.kind != "f":
            raise TypeError(f"{name}: {dtype} is no floating dtype")


@st.composite
def matmul_operands(
    draw: st.DrawFn, dtype: Any = "float64", sides: Sequence[int] = SIDES
) -> tuple[Array, Array]:
    """Two operands of `@`: matrices, vectors, stacks of matrices whose leading axes broadcast."""
    left, right = draw(broadcastable_shapes(2, max_dims=2, sides=sides))
    n, k, m = (draw(st.sampled_from(sides)) for _ in range(3))
    a = (k,) if not left and draw(st.booleans()) else (*left, n, k)
    b = (k,) if not right and draw(st.booleans()) else (*right, k, m)
    return draw(arrays(a, dtype)), draw(arrays(b, dtype))


class ConvolutionProblem(NamedTuple):
    """What a convolution takes; the parameters by PyTorch's names."""

    input: Array
    weight: Array
    bias: Array | None
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


@st.composite
def convolution_problems(
    draw: st.DrawFn, ndim: int = 2, dtype: Any = "float64"
) -> ConvolutionProblem:
    """A batch of images of `ndim` axes, a kernel that fits, and every parameter of `F.conv2d`.

    Raises TypeError for a dtype that is not floating, as the others do.
    """
    require_floating("convolution_problems", dtype)
    several = lambda low, high: st.tuples(*[st.integers(low, high)] * ndim)
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    inputs, outputs = (groups * draw(st.integers(1, 2)) for _ in range(2))
    kernel, stride = draw(several(1, 3)), draw(several(1, 3))
    dilation, padding = draw(several(1, 2)), draw(several(0, 2))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [
        max(1, span - 2 * p) + draw(st.integers(0, 3))
        for span, p in zip(spans, padding, strict=True)
    ]
    return ConvolutionProblem(
        draw(arrays((draw(st.integers(1, 2)), inputs, *size), dtype)),
        draw(arrays((outputs, inputs // groups, *kernel), dtype)),
        draw(arrays((outputs,), dtype)) if draw(st.booleans()) else None,
        stride, padding, dilation, groups,
    )  # fmt: skip


class PoolingProblem(NamedTuple):
    """What pooling takes; the parameters by PyTorch's names."""

    input: Array
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]


@st.composite
def pooling_problems(draw: st.DrawFn, ndim: int = 2, dtype: Any = "float64") -> PoolingProblem:
    """A batch of images, no two elements close (no ties), and a window that fits."""
    require_floating("pooling_problems", dtype)
    several = lambda low, high: st.tuples(*[st.integers(low, high)] * ndim)
    kernel, stride = draw(several(1, 3)), draw(several(1, 3))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    size = [
        max(k - 2 * p, 1) + draw(st.integers(0, 3)) for k, p in zip(kernel, padding, strict=True)
    ]
    lead = draw(shapes(2, 2, (1, 2)))
    x = draw(arrays((*lead, *size), dtype, Domain(distinct=True), layout="C"))
    return PoolingProblem(x, kernel, stride, padding)


class BatchNormProblem(NamedTuple):
    """What batch norm takes, by PyTorch's names, and a cotangent; nothing in it is trivial."""

    input: Array
    cotangent: Array
    weight: Array
    bias: Array
    running_mean: Array
    running_var: Array
    eps: float
    momentum: float

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes that the statistics reduce: all but the channels'."""
        return (0, *range(2, self.input.ndim))


@st.composite
def batch_norm_problems(
    draw: st.DrawFn,
    dtypes: Sequence[Any] = ("float32", "float64"),
    ranks: Sequence[int] = (2, 3, 4, 5),
    min_values: int = 2,
    sides: Sequence[int] = SIDES,
    offset: float = 0.0,
) -> BatchNormProblem:
    """Batches of (N, C, ...) with at least `min_values` values a channel.

    gamma is never 1, but may be negative or 0; beta and the running statistics are never those of a
    new layer, behind which a forgotten factor hides. `offset` is added to the input.
    """
    require_floating("batch_norm_problems", *dtypes)
    if not ranks or min(ranks) < 2:
        raise ValueError(f"batch_norm_problems: ranks {ranks}; an input has 2 axes at least")
    dtype = np.dtype(draw(st.sampled_from([*dtypes])))
    rank = draw(st.sampled_from([*ranks]))
    shape = list(draw(shapes(rank, rank, sides)))
    if math.prod([shape[0], *shape[2:]]) < min_values:
        shape[0] = min_values
        shape[2:] = [max(1, n) for n in shape[2:]]
    rng = np.random.default_rng(draw(seeds))
    zeros = draw(st.sampled_from([0.0, 0.3]))
    c = shape[1]
    spread = Domain(-3.0, 3.0, shift=offset)
    return BatchNormProblem(
        draw(arrays(tuple(shape), dtype, spread)),
        draw(arrays(tuple(shape), dtype)),
        (rng.uniform(-3, 3, c) * (rng.random(c) >= zeros)).astype(dtype),
        rng.uniform(-3, 3, c).astype(dtype),
        rng.uniform(-3, 3, c).astype(dtype),
        rng.uniform(0.1, 4, c).astype(dtype),
        draw(st.sampled_from([1e-5, 1e-3, 0.1, 1.0])),
        draw(st.sampled_from([0.0, 0.1, 0.37, 1.0])),
    )
