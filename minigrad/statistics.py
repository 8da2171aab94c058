"""Sums, means and variances over any set of axes, as exact as the dtype allows.

What every normalisation is made of: functions of arrays over `xp`, so they run on NumPy, on a GPU,
and on Tensors. Axes are counted from the front, and in order. Three things keep them exact.

A sum of m values is made in two stages: blocks of about sqrt(m) / 4 values in the array's own
dtype, and the sums of the blocks in float64. The rounding errors of the blocks are independent, so
that of the total stays within a unit in the last place of sqrt(sum x^2), for any m that matters, at
little more than the cost of one sum, and often less. NumPy, left alone, adds the rows of an (N, C)
array one by one.

The variance is a mean of squares of centred values, never a difference of two large numbers.

The centring is refined: what rounding left out of the mean is the mean of the centred values, and
is taken off as well. A constant channel is centred to exactly 0 that way, and an offset of 1e7
costs float32 nothing. The mean comes as two words, `mean + mean_low`, because its nearest float32
would throw the refinement away: double-word arithmetic, after Dekker (1971),
https://doi.org/10.1007/BF01397083.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import Any

__all__ = ["count", "mean", "moments", "narrow", "over", "total", "weight_of_all", "widen"]

Axes = tuple[int, ...]
SMALL = 4096
"""An array of so few elements is added up in float64 as it is: stages would cost more."""

LONG = 32
"""A last axis of so many is added up along itself: its values lie side by side, as a rule."""


@cache
def count(shape: tuple[int, ...], axes: Axes) -> int:
    """How many values each channel has: the product of the reduced sizes."""
    return math.prod([shape[a] for a in axes])


def widen(xp: Any, x: Any) -> Any:
    """`x` in the dtype that arrays of its size are computed in: float32 for float16, else its own.

    float16 ends at 65504, which the square of 256 exceeds.
    """
    return xp.astype(x, xp.float32) if xp.finfo(x.dtype).bits < 32 else x


def narrow(xp: Any, v: Any, like: Any) -> Any:
    """One value a channel, rounded to the dtype of the array `like` that it is to meet."""
    return xp.astype(v, like.dtype, copy=False)


def over(xp: Any, v: Any, shape: tuple[int, ...], axes: Axes) -> Any:
    """One value a channel, with the reduced axes back as axes of size 1."""
    return xp.reshape(v, tuple([1 if a in axes else n for a, n in enumerate(shape)]))


def total(xp: Any, x: Any, axes: Axes) -> Any:
    """The sum of each channel in float64, its axes kept as axes of size 1."""
    if x.size <= SMALL:
        return xp.sum(x, axis=axes, keepdims=True, dtype=xp.float64)
    shape = tuple([1 if a in axes else n for a, n in enumerate(x.shape)])
    x, axes = merged(xp, x, axes)
    axis = axes[-1]
    if axis < x.ndim - 1 or x.shape[axis] < LONG:
        axis = max(axes, key=lambda a: x.shape[a])
    n, last = x.shape[axis], axis == x.ndim - 1
    block = block_of(n, count(x.shape, axes), last)
    whole = n - n % block
    before = (slice(None),) * axis
    body = x if whole == n else x[(*before, slice(0, whole), ...)]
    # A block of values that lie side by side, if the axis is the last; else of rows far apart: the
    # sum of long stretches of memory in either case, however few the channels.
    parts = (whole // block, block) if last else (block, whole // block)
    split = xp.reshape(body, (*x.shape[:axis], *parts, *x.shape[axis + 1 :]))
    blocks = xp.sum(split, axis=axis + 1 if last else axis)
    found = xp.sum(blocks, axis=axes, dtype=xp.float64)
    if whole < n:
        left = xp.sum(x[(*before, slice(whole, n), ...)], axis=axis, keepdims=True)
        found = found + xp.sum(left, axis=axes, dtype=xp.float64)
    return xp.reshape(found, shape)


def merged(xp: Any, x: Any, axes: Axes) -> tuple[Any, Axes]:
    """`x` and `axes` with neighbours among `axes` made one: (N, C, H, W) to (N, C, H W)."""
    if all(b - a > 1 for a, b in pairwise(axes)):
        return x, axes
    shape: list[int] = []
    found: list[int] = []
    for a, n in enumerate(x.shape):
        if a in axes and a - 1 in axes:
            shape[-1] *= n
        else:
            found.extend([len(shape)] if a in axes else [])
            shape.append(n)
    return xp.reshape(x, tuple(shape)), tuple(found)


@cache
def block_of(n: int, m: int, adjacent: bool) -> int:
    """How many of n values, in a sum of m, make a block: about sqrt(m) / 4, better if it divides n.

    Values that lie side by side NumPy adds up in pairs, and takes its time if they are few.
    """
    target = max(math.isqrt(m) // 4, 512 if adjacent else 16)
    divisors = [b for b in range(target // 2 + 1, min(target, n) + 1) if n % b == 0]
    return max(divisors, default=min(target, n))


def weight_of_all(xp: Any, shape: tuple[int, ...], axes: Axes, weights: Any = None) -> Any:
    """What a mean over `axes` divides by: how many values, or the sum of their weights; never 0.

    `weights` broadcast against `shape`: an axis of size 1 stands for as many equal weights.
    """
    if weights is None:
        return max(count(shape, axes), 1)
    repeated = count(shape, axes) // max(count(weights.shape, axes), 1)
    found = total(xp, weights, axes) * repeated
    return xp.where(found > 0, found, xp.ones_like(found))


def mean(xp: Any, x: Any, axes: Axes, weights: Any = None) -> Any:
    """The mean of each channel in float64, or the weighted one; axes kept."""
    summed = total(xp, x if weights is None else x * weights, axes)
    return summed / weight_of_all(xp, x.shape, axes, weights)


def moments(xp: Any, x: Any, axes: Axes, weights: Any = None) -> tuple[Any, Any, Any, Any]:
    """The centred values of `x`, and their `mean, mean_low, var` (biased), axes kept.

    The two words of the mean have the dtype of `x`, the variance is float64. With `weights`, not
    negative and of the dtype of `x`, the mean and the variance are the weighted ones. Of no
    values, or none that weighs anything, both are 0.
    """
    rough = narrow(xp, mean(xp, x, axes, weights), x)
    centred = x - rough
    missed = narrow(xp, mean(xp, centred, axes, weights), x)
    centred = centred - missed
    refined = rough + missed
    mean_low = missed - (refined - rough)
    return centred, refined, mean_low, mean(xp, centred * centred, axes, weights)
