"""The statistics of a batch: those that every normalisation shares, and what a mask adds to them.

The ground floor of this package. Everything here is a function of arrays over `xp`, so it runs on
NumPy, on a GPU, and on Tensors. Sums, means and variances are minigrad's own, shared with layer
norm and group norm; see `minigrad.statistics` for how they are made so exact.

A mask gives each value a weight w, not negative: 1 or 0 (True or False) say whether it takes part,
other numbers how much. With W = sum(w), the share of a value in the mean is p = w / W, and

    mean = sum(p x)        var = sum(p (x - mean)^2)

Without a mask all shares are 1/m. A mask broadcasts against x, with as many axes: (N, 1, L) masks
steps of (N, C, L) for all channels, (N, C, L) for each.
"""

from __future__ import annotations

from typing import Any

from minigrad.extend import count, mean, moments, narrow, over, total, weight_of_all, widen

__all__ = [
    "Axes",
    "as_vector",
    "count",
    "effective_count",
    "kept",
    "mean",
    "moments",
    "narrow",
    "over",
    "spread",
    "total",
    "weights",
    "widen",
]

Axes = tuple[int, ...]


def weights(xp: Any, mask: Any, like: Any) -> Any:
    """A mask, or None, as numbers of the dtype of the array `like`."""
    return None if mask is None else xp.astype(mask, like.dtype, copy=False)


def kept(xp: Any, a: Any, mask: Any) -> Any:
    """`a` where the mask is not 0, else 0: also where `a` is NaN."""
    return a if mask is None else xp.where(xp.astype(mask, xp.bool), a, 0.0)


def spread(xp: Any, v: Any, like: Any, axes: Axes, w: Any) -> Any:
    """p v: what a channel is given, in float64, shared out among its values as the mean is."""
    each = narrow(xp, v / weight_of_all(xp, like.shape, axes, w), like)
    return each if w is None else each * w


def as_vector(xp: Any, v: Any, like: Any) -> Any:
    """One value a channel, its axes gone: in the shape and dtype of the vector `like`."""
    return narrow(xp, xp.reshape(v, like.shape), like)


def effective_count(xp: Any, shape: tuple[int, ...], axes: Axes, w: Any = None) -> Any:
    """How many equal values would tell as much: m, or W^2 / sum(w^2) a channel, axes kept.

    Kish's effective sample size. For a mask of 0 and 1 it is the number of values that take part;
    nothing changes if all weights are doubled. The unbiased variance is the biased one times
    n / (n - 1), which is 1 / (1 - sum(p^2)).
    """
    if w is None:
        return count(shape, axes)
    repeated = count(shape, axes) // max(count(w.shape, axes), 1)
    summed, squares = total(xp, w, axes) * repeated, total(xp, w * w, axes) * repeated
    return summed * summed / xp.where(squares > 0, squares, xp.ones_like(squares))
