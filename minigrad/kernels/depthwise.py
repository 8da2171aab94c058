"""Depthwise convolution in compiled loops: a kernel on one channel, row by row.

A matrix product with one row would read the columns as often as it writes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .columns import Lie
from .threads import parallel_for

__all__ = ["convolve", "convolve_input", "convolve_weight"]


def convolve(
    x: Any,
    weight: Any,
    bias: Any = None,
    /,
    *,
    strides: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """The convolution of each channel with kernels of its own, plus a bias."""
    if not taken(x, weight, groups, x.shape[1]) or (bias is not None and bias.dtype != x.dtype):
        return NotImplemented
    lie = Lie.of(x.shape[2:], weight.shape[2:], strides, padding, dilation)
    if meets_zeros(lie, weight):
        return NotImplemented
    outputs = len(weight)
    y = np.zeros((len(x), outputs, *lie.counts), x.dtype)
    if bias is not None:
        y += bias.reshape(-1, 1, 1)
    arrays = flat(x, lie.size), flat(weight, lie.kernel), flat(y, lie.counts)
    parallel_for(
        forward, len(x) * outputs, *arrays, outputs // groups, outputs, *ends(lie),
        work=x.size + 2 * y.size,
    )  # fmt: skip
    return y.reshape(y.shape[: x.ndim])


def convolve_input(
    g: Any,
    weight: Any,
    /,
    *,
    size: Any,
    strides: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """The gradient by the input."""
    if not taken(g, weight, groups, weight.shape[1] * groups):
        return NotImplemented
    lie = Lie.of(size, weight.shape[2:], strides, padding, dilation)
    outputs = len(weight)
    x = np.zeros((len(g), groups, *lie.size), g.dtype)
    arrays = flat(x, lie.size), flat(weight, lie.kernel), flat(g, lie.counts)
    parallel_for(
        backward, len(g) * groups, *arrays, outputs // groups, groups, *ends(lie),
        work=2 * x.size + g.size,
    )  # fmt: skip
    return x.reshape(*x.shape[:2], *size)


def convolve_weight(
    x: Any,
    g: Any,
    /,
    *,
    kernel: Any,
    strides: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """The gradient by the weight."""
    if not taken(x, g, groups, x.shape[1]):
        return NotImplemented
    lie = Lie.of(x.shape[2:], kernel, strides, padding, dilation)
    if meets_zeros(lie, g):
        return NotImplemented
    outputs = g.shape[1]
    weight = np.zeros((outputs, 1, *kernel), x.dtype)
    arrays = flat(x, lie.size), flat(weight, lie.kernel), flat(g, lie.counts)
    parallel_for(
        correlate, outputs, *arrays, outputs // groups, outputs, len(x), *ends(lie),
        work=x.size + g.size,
    )  # fmt: skip
    return weight


def taken(x: Any, other: Any, groups: int, channels: int) -> bool:
    """Whether each group has one channel, in arrays of one dtype over one axis or two."""
    return channels == groups and x.ndim in (3, 4) and x.dtype == other.dtype


def meets_zeros(lie: Lie, factor: Any) -> bool:
    """Whether an infinite factor or a NaN may meet the zeros around, which the loops leave out."""
    return lie.padded != lie.size and not np.isfinite(factor).all()


def flat(x: Any, size: Any) -> Any:
    """x as contiguous planes: all channels of all samples in a row."""
    return np.ascontiguousarray(x).reshape(-1, *size)


def ends(lie: Lie) -> tuple[int, ...]:
    """How windows lie: strides, dilation, zeros before."""
    (top, _), (left, _) = lie.padding
    return *lie.strides, *lie.dilation, top, left


@njit(nogil=True, cache=True)
def inside(count: int, size: int, offset: int, stride: int) -> tuple[int, int]:
    """The first and the last but one of the windows of which this place is on the input."""
    first = max(0, -(offset // stride))
    return first, max(first, min(count, (size - 1 - offset) // stride + 1))


@njit(nogil=True, cache=True, fastmath={"contract"})
def forward(
    start: int, stop: int, x: Any, weight: Any, y: Any, each: int, outputs: int,
    sh: int, sw: int, dh: int, dw: int, top: int, left: int,
) -> None:  # fmt: skip
    for p in range(start, stop):
        n, o = p // outputs, p % outputs
        seen = x[n * (outputs // each) + o // each]
        for h in range(y.shape[1]):
            for i in range(weight.shape[1]):
                row = h * sh + i * dh - top
                for j in range(weight.shape[2]):
                    first, last = inside(y.shape[2], seen.shape[1], j * dw - left, sw)
                    factor = weight[o, i, j]
                    if 0 <= row < seen.shape[0]:
                        for w in range(first, last):
                            y[p, h, w] += factor * seen[row, w * sw + j * dw - left]


@njit(nogil=True, cache=True, fastmath={"contract"})
def backward(
    start: int, stop: int, x: Any, weight: Any, g: Any, each: int, channels: int,
    sh: int, sw: int, dh: int, dw: int, top: int, left: int,
) -> None:  # fmt: skip
    for p in range(start, stop):
        for o in range(each):
            given, kernel = g[p * each + o], weight[p % channels * each + o]
            for h in range(given.shape[0]):
                for i in range(kernel.shape[0]):
                    row = h * sh + i * dh - top
                    for j in range(kernel.shape[1]):
                        first, last = inside(given.shape[1], x.shape[2], j * dw - left, sw)
                        if 0 <= row < x.shape[1]:
                            for w in range(first, last):
                                x[p, row, w * sw + j * dw - left] += kernel[i, j] * given[h, w]


@njit(nogil=True, cache=True, fastmath={"contract", "reassoc"})
def correlate(
    start: int, stop: int, x: Any, weight: Any, g: Any, each: int, outputs: int, samples: int,
    sh: int, sw: int, dh: int, dw: int, top: int, left: int,
) -> None:  # fmt: skip
    channels = outputs // each
    for o in range(start, stop):
        for n in range(samples):
            given, seen = g[n * outputs + o], x[n * channels + o // each]
            for i in range(weight.shape[1]):
                for j in range(weight.shape[2]):
                    first, last = inside(given.shape[1], seen.shape[1], j * dw - left, sw)
                    total = weight[o, i, j]
                    for h in range(given.shape[0]):
                        row = h * sh + i * dh - top
                        if 0 <= row < seen.shape[0]:
                            for w in range(first, last):
                                total += given[h, w] * seen[row, w * sw + j * dw - left]
                    weight[o, i, j] = total
