"""Statistics that can be merged: those of a batch, out of those of its parts.

A part is told by its weight W (the number of values, or the sum of their weights), its mean, and
M2 = sum(w (x - mean)^2). Two parts a and b, with d = mean_b - mean_a, make one with

    W = W_a + W_b      mean = mean_a + d W_b / W      M2 = M2_a + M2_b + d^2 W_a W_b / W

(Chan, Golub and LeVeque 1979, http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf).
Nothing is the difference of two large numbers, so any partition gives the same up to rounding. An
empty part changes nothing. The mean is kept in two words, as everywhere; see `minigrad.statistics`.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import Any, NamedTuple

import minigrad as mg
from minigrad.extend import Tensor

from .checks import check_floats, check_mask
from .statistics import Axes, count, kept, moments, narrow, total, weights, widen

__all__ = ["Stats", "merge_stats", "merged", "statistics_over", "stats_of"]


class Stats(NamedTuple):
    """The statistics of some values, one a channel, in float64, reduced axes kept as size 1.

    The mean is `mean + mean_low`. `squares` is the sum of the squares of the weights, without a
    mask the count again: what Bessel's correction asks for under weights.
    """

    count: Any
    mean: Any
    m2: Any
    mean_low: Any
    squares: Any

    @property
    def var(self) -> Any:
        """The biased variance; 0 of no values."""
        return variance(mg, self)

    @property
    def effective_count(self) -> Any:
        """How many equal values would tell as much: the count, or W^2 / sum(w^2)."""
        return effective_count(mg, self)


def stats_of(x: Tensor, axis: int | tuple[int, ...] = 0, mask: Tensor | None = None) -> Stats:
    """The statistics of `x` over `axis`, of all values or of those that a mask leaves.

    A mask is as in `normalise`: it broadcasts against x, with as many axes. Raises TypeError for an
    x that does not hold floats, ValueError for a mask that does not fit.
    """
    check_floats("stats_of", x)
    check_mask("stats_of", x, mask)
    axes = tuple(sorted(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))))
    wide = kept(mg, widen(mg, x), mask)
    return statistics_over(mg, wide, axes, weights(mg, mask, wide))


def merge_stats(*parts: Stats) -> Stats:
    """The statistics of all values of `parts` together. Raises ValueError for no parts."""
    if not parts:
        raise ValueError("merge_stats: expected at least one part")
    return merged(mg, parts)


def statistics_over(xp: Any, x: Any, axes: Axes, w: Any = None) -> Stats:
    """The statistics of the array `x`, with weights `w` or without."""
    _, mean, low, var = moments(xp, x, axes, w)
    mean, low = xp.astype(mean, xp.float64), xp.astype(low, xp.float64)
    number = squares = xp.zeros_like(var) + count(x.shape, axes)
    if w is not None:
        repeated = count(x.shape, axes) // max(count(w.shape, axes), 1)
        number = xp.zeros_like(var) + total(xp, w, axes) * repeated
        squares = xp.zeros_like(var) + total(xp, w * w, axes) * repeated
    return Stats(number, mean, var * number, low, squares)


def merged(xp: Any, parts: Any) -> Stats:
    """`merge_stats` over `xp`, from left to right."""
    return reduce(partial(merged_pair, xp), parts)


def merged_pair(xp: Any, a: Stats, b: Stats) -> Stats:
    """Chan's formula; an empty part gives way to the other, to the last bit."""
    n = a.count + b.count
    share = b.count / xp.where(n > 0, n, xp.ones_like(n))
    start = xp.where(a.count > 0, a.mean, b.mean)
    low = xp.where(a.count > 0, a.mean_low, b.mean_low)
    apart = (b.mean - a.mean) + (b.mean_low - a.mean_low)
    apart = xp.where((a.count > 0) & (b.count > 0), apart, xp.zeros_like(apart))
    shift = low + apart * share
    mean = start + shift
    m2 = a.m2 + b.m2 + apart * apart * a.count * share
    return Stats(n, mean, m2, shift - (mean - start), a.squares + b.squares)


def variance(xp: Any, stats: Stats) -> Any:
    """The biased variance over `xp`."""
    return stats.m2 / xp.where(stats.count > 0, stats.count, xp.ones_like(stats.count))


def effective_count(xp: Any, stats: Stats) -> Any:
    """Kish's effective sample size over `xp`."""
    squares = xp.where(stats.squares > 0, stats.squares, xp.ones_like(stats.squares))
    return stats.count * stats.count / squares


def words(xp: Any, stats: Stats, like: Any) -> tuple[Any, Any]:
    """The mean as two words of the dtype of the array `like`."""
    high = narrow(xp, stats.mean, like)
    low = (stats.mean - xp.astype(high, xp.float64)) + stats.mean_low
    return high, narrow(xp, low, like)
