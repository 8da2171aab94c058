"""Pooling on NumPy: place by place of the window, a few planes at a time, so that they stay cached.

A plane is what one channel of one sample holds: windows lie on the last axes alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .columns import places
from .masks import kept
from .memory import new_array
from .threads import parallel_for

__all__ = ["in_two", "max_pool", "max_pool_vjp", "planes_of", "sum_pool", "sum_pool_vjp"]

PLANES = 1 << 14
"""So many outputs are computed at a time."""


def max_pool(x: Any, /, *, shape: Any, strides: Any, dilation: Any) -> Any:
    """The maximum of each window, and the number of its place: the first of equals."""
    if math.prod(shape) > 256:
        return NotImplemented
    planes, counts = planes_of(x, shape, strides, dilation)
    seen = places(shape, strides, dilation, counts)
    y = new_array((len(planes), *counts), x.dtype)
    winner = new_array(y.shape, np.uint8)

    def compete(beats: Callable[[Any, Any], Any]) -> None:
        def work(first: int, last: int) -> None:
            part, best, number = planes[first:last], y[first:last], winner[first:last]
            best[...], number[...] = part[seen[0]], 0
            for i, place in enumerate(seen[1:], 1):
                better = beats(part[place], best)
                np.maximum(best, part[place], out=best)
                # Numbers grow from place to place: the last that was better is the largest.
                np.maximum(number, better.view(np.uint8) * np.uint8(i), out=number)

        in_parts(work, y)

    compete(np.greater)
    if np.isnan(y).any():
        # A NaN wins, the last of several, which that comparison does not say.
        compete(lambda new, best: (new > best) | (new != new))
    lead = x.shape[: x.ndim - len(shape)]
    return y.reshape(*lead, *counts), winner.reshape(*lead, *counts)


def max_pool_vjp(
    g: Any, y: Any, residuals: Any, x: Any, /, *, shape: Any, strides: Any, dilation: Any
) -> Any:
    """The place that won receives the gradient."""
    gradients, counts = planes_of(g, (1,) * len(shape), (1,) * len(shape), (1,) * len(shape))
    winner = residuals[0].reshape(gradients.shape)
    size = x.shape[x.ndim - len(shape) :]
    seen = places(shape, strides, dilation, counts)
    apart = all(s >= d * (n - 1) + 1 for s, n, d in zip(strides, shape, dilation, strict=True))
    by_x = np.zeros(x.shape, g.dtype)
    total = by_x.reshape(len(gradients), *size)

    def work(first: int, last: int) -> None:
        part, number, whole = gradients[first:last], winner[first:last], total[first:last]
        for i, place in enumerate(seen):
            if apart:
                kept(part, number == i, whole[place])
            else:
                whole[place] += kept(part, number == i)

    in_parts(work, gradients)
    return by_x


def sum_pool(x: Any, /, *, shape: Any, strides: Any) -> Any:
    """The sum of each window."""
    ones = (1,) * len(shape)
    planes, counts = planes_of(x, shape, strides, ones)
    if math.prod(counts) == 1:
        return NotImplemented  # A sum over whole planes has no better form.
    seen = places(shape, strides, ones, counts)
    y = new_array((len(planes), *counts), x.dtype)

    def work(first: int, last: int) -> None:
        part, total = planes[first:last], y[first:last]
        total[...] = part[seen[0]]
        for place in seen[1:]:
            total += part[place]

    in_parts(work, y)
    return y.reshape(*x.shape[: x.ndim - len(shape)], *counts)


def sum_pool_vjp(g: Any, y: Any, x: Any, /, *, shape: Any, strides: Any) -> Any:
    """Every element receives what the windows over it receive."""
    ones = (1,) * len(shape)
    gradients, counts = planes_of(g, ones, ones, ones)
    seen = places(shape, strides, ones, counts)
    by_x = np.zeros(x.shape, g.dtype)
    total = by_x.reshape(len(gradients), *x.shape[x.ndim - len(shape) :])

    def work(first: int, last: int) -> None:
        part, whole = gradients[first:last], total[first:last]
        for place in seen:
            whole[place] += part

    in_parts(work, gradients)
    return by_x


def planes_of(x: Any, shape: Any, strides: Any, dilation: Any) -> tuple[Any, tuple[int, ...]]:
    """x as (planes, *size), and how many windows lie along each axis of a plane."""
    size = x.shape[x.ndim - len(shape) :]
    counts = tuple(
        (n - d * (m - 1) - 1) // s + 1
        for n, m, s, d in zip(size, shape, strides, dilation, strict=True)
    )
    return x.reshape(math.prod(x.shape[: x.ndim - len(shape)]), *size), counts


def in_two(sizes: Any) -> tuple[int, int]:
    """Sizes over two axes; where there is one, it is the second."""
    return (1, *sizes) if len(sizes) == 1 else tuple(sizes)


def in_parts(work: Callable[[int, int], None], y: Any) -> None:
    """Do the work on the planes of y, a few at a time."""
    step = max(1, PLANES // max(1, math.prod(y.shape[1:])))
    count = -(-len(y) // step)

    def slices(start: int, stop: int) -> None:
        for i in range(start, stop):
            work(i * step, min(len(y), (i + 1) * step))

    parallel_for(slices, count, work=4 * y.size)
