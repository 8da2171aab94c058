"""Pooling: one number for each window of the last axes, its maximum or its mean."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

from ...primitive import primitive
from ...tensor import Tensor
from ...tensor import namespace as mg
from .pooling_windows import PoolingWindows
from .sizes import Size

__all__ = ["avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"]

Sizes = tuple[int, ...]


def max_pool_forward(
    xp: Any, x: Any, *, shape: Sizes, strides: Sizes, dilation: Sizes
) -> tuple[Any, Any]:
    """The maximum of each window, and the number of the place that holds it: the first of equals.

    As in PyTorch, a NaN wins.
    """
    seen = xp.windows(x, shape, strides, dilation)
    places = [xp.getitem(seen, (..., *place)) for place in product(*map(range, shape))]
    y = places[0]
    winner = xp.zeros_like(y, dtype=xp.uint8 if len(places) <= 256 else xp.int64)
    for i, candidate in enumerate(places[1:], 1):
        better = (candidate > y) | (candidate != candidate)
        y = xp.where(better, candidate, y)
        winner = xp.where(better, i, winner)
    return y, winner


def max_pool_vjp(
    xp: Any,
    g: Any,
    y: Any,
    residuals: Any,
    x: Any,
    *,
    shape: Sizes,
    strides: Sizes,
    dilation: Sizes,
) -> Any:
    """The place that won receives the gradient."""
    (winner,) = residuals
    places = [xp.where(winner == i, g, 0) for i in range(math.prod(shape))]
    seen = xp.reshape(xp.stack(places, axis=-1), (*g.shape, *shape))
    return xp.fold(seen, x.shape[-len(shape) :], strides, dilation)


def sum_pool_forward(xp: Any, x: Any, *, shape: Sizes, strides: Sizes) -> Any:
    """The sum of each window."""
    seen = xp.windows(x, shape, strides, (1,) * len(shape))
    return xp.sum(seen, axis=tuple(range(len(x.shape), len(x.shape) + len(shape))))


def sum_pool_vjp(xp: Any, g: Any, y: Any, x: Any, *, shape: Sizes, strides: Sizes) -> Any:
    """Every element receives what the windows over it receive."""
    ones = (1,) * len(shape)
    seen = xp.broadcast_to(xp.reshape(g, (*g.shape, *ones)), (*g.shape, *shape))
    return xp.fold(seen, x.shape[len(x.shape) - len(shape) :], strides, ones)


_max_pool = primitive("max_pool", max_pool_vjp, forward=max_pool_forward, residuals=True)
sum_pool = primitive("sum_pool", sum_pool_vjp, forward=sum_pool_forward)

at = "minigrad.kernels"
for function, kernel, compiled, least in (
    (_max_pool, "max_pool", "pooling_loops:max_pool", (4096, 1024)),
    (sum_pool, "sum_pool", "sum_pool_loops:sum_pool", (1024, 1024)),
):
    forward, rule = function.array_function(), function.array_function(0)
    forward.register("numpy", f"{at}.pooling:{kernel}", least=4096)
    rule.register("numpy", f"{at}.pooling:{kernel}_vjp", least=1024)
    forward.register("numpy", f"{at}.{compiled}", library="numba", least=least[0])
    rule.register("numpy", f"{at}.{compiled}_vjp", library="numba", least=least[1])


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The maximum of each window over the last axis of (N, C, L) or (C, L); see `max_pool2d`."""
    return max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The maximum of each window over the last two axes of (N, C, H, W) or (C, H, W).

    `stride` is the kernel's size unless given. Padding never wins; of equal elements the first
    receives the gradient.
    """
    return max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool(name: str, k: int, *arguments: Any) -> Tensor:
    pool = PoolingWindows.of(name, k, *arguments)
    y, _ = _max_pool(
        pool.padded(-math.inf), shape=pool.kernel, strides=pool.strides, dilation=pool.dilation
    )
    return y


def avg_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window over the last axis of (N, C, L) or (C, L); see `avg_pool2d`."""
    pool = PoolingWindows.of("avg_pool1d", 1, input, kernel_size, stride, padding, 1, ceil_mode)
    return avg_pool("avg_pool1d", pool, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window over the last two axes of (N, C, H, W) or (C, H, W).

    The padding counts as zeros, unless `count_include_pad` is False; `divisor_override` replaces
    the number of elements that a sum is divided by.
    """
    pool = PoolingWindows.of("avg_pool2d", 2, input, kernel_size, stride, padding, 1, ceil_mode)
    return avg_pool("avg_pool2d", pool, count_include_pad, divisor_override)


def avg_pool(
    name: str, pool: PoolingWindows, count_include_pad: bool, divisor_override: int | None
) -> Tensor:
    if divisor_override == 0:
        raise ValueError(f"{name}: divisor_override is 0")
    k = len(pool.kernel)
    sums = sum_pool(pool.padded(0.0), shape=pool.kernel, strides=pool.strides)
    if divisor_override is not None:
        return sums / divisor_override
    plain = all(before == after for before, after in pool.around)
    if plain and (count_include_pad or not any(pool.padding)):
        return sums / math.prod(pool.kernel)
    return sums / divisors(pool, sums.shape[-k:], count_include_pad)


def divisors(pool: PoolingWindows, counts: Sizes, count_include_pad: bool) -> Tensor:
    """How many elements each window averages: those beyond the padding never count."""
    total = mg.ones((1,) * len(counts), dtype=pool.input.dtype, device=pool.input.device)
    for axis, count in enumerate(counts):
        size, pad = pool.input.shape[axis - len(counts)], pool.padding[axis]
        first, end = (-pad, size + pad) if count_include_pad else (0, size)
        starts = [i * pool.strides[axis] - pad for i in range(count)]
        seen = [float(min(s + pool.kernel[axis], end) - max(s, first)) for s in starts]
        shape = tuple(count if i == axis else 1 for i in range(len(counts)))
        along = mg.asarray(seen, dtype=total.dtype, device=total.device)
        total = total * mg.reshape(along, shape)
    return total
