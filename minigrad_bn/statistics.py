"""Mean and variance over any set of axes, as exact as the dtype allows.

The ground floor of this package. Everything here is a function of arrays over `xp`, so it runs on
NumPy, on a GPU, and on Tensors.

The variance is a mean of squares of centred values, never a difference of two large numbers, and
the centring is refined: what rounding left out of the mean is the mean of the centred values, and
is taken off as well. A constant channel is centred to exactly 0 that way, and an offset of 1e7
costs float32 nothing. The mean comes as two words, `mean + mean_low`, because its nearest float32
would throw the refinement away: double-word arithmetic, after Dekker (1971),
https://doi.org/10.1007/BF01397083.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["count", "moments", "over", "total", "widen"]

Axes = tuple[int, ...]


def count(shape: tuple[int, ...], axes: Axes) -> int:
    """How many values each channel has: the product of the reduced sizes."""
    return math.prod([shape[a] for a in axes])


def widen(xp: Any, x: Any) -> Any:
    """`x` in the dtype that its sums are made in: float32 for float16, else its own."""
    return xp.astype(x, xp.float32) if xp.finfo(x.dtype).bits < 32 else x


def over(xp: Any, v: Any, shape: tuple[int, ...], axes: Axes) -> Any:
    """One value a channel, with the reduced axes back as axes of size 1."""
    return xp.reshape(v, tuple([1 if a in axes else n for a, n in enumerate(shape)]))


def total(xp: Any, x: Any, axes: Axes) -> Any:
    """The sum of each channel, its axes kept as axes of size 1."""
    return xp.sum(x, axis=axes, keepdims=True)


def moments(xp: Any, x: Any, axes: Axes) -> tuple[Any, Any, Any, Any]:
    """The centred values of `x`, and their `mean, mean_low, var` (biased), axes kept.

    Of no values, the mean and the variance are 0.
    """
    m = max(count(x.shape, axes), 1)
    mean = total(xp, x, axes) / m
    centred = x - mean
    missed = total(xp, centred, axes) / m
    centred = centred - missed
    refined = mean + missed
    mean_low = missed - (refined - mean)
    var = total(xp, centred * centred, axes) / m
    return centred, refined, mean_low, var
