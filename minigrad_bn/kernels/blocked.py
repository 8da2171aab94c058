"""Batch norm in training on NumPy, a few channels at a time, so that they stay in the cache.

Channels do not depend on each other. Those of one *tile* are brought from memory once and go
through all that has to be done to them; tiles are shared out among threads. What the definition in
`minigrad_bn.training` does is done here in its order, with its sums, in place wherever it can be.

Arrays are seen as (A, C L): A rows, in each of them L values of every channel. Axes before and
after the channels' are merged, so it needs arrays that are contiguous, and copies others.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.extend import parallel_for

from .views import Axes, is_taken, seen_as

__all__ = ["forward", "vjp"]

TILE = 131072
"""So many elements, of each array, are worked on at a time: they fit the second cache."""

WIDTH = 128
"""A tile has at least so many columns, as far as there are: short rows cost too much each."""

ROWS = 16
"""So many rows are added up in the dtype of the array before their sums meet in float64."""


class Tiles:
    """How an array of `shape`, with its channels along the one axis not in `axes`, is cut."""

    def __init__(self, shape: tuple[int, ...], axes: Axes) -> None:
        (self.rows, self.channels, self.length), self.statistics = seen_as(shape, axes)
        self.values = self.rows * self.length
        width = max(WIDTH // self.length, TILE // self.values, 1)
        # Evenly, and so that two threads have something to do each.
        count = max(-(-self.channels // width), min(2, self.channels))
        if self.values * self.channels < TILE:
            count = 1
        self.cuts = [self.channels * i // count for i in range(count + 1)]

    def columns(self, x: Any) -> Any:
        """An array as (A, C L)."""
        return np.ascontiguousarray(x).reshape(self.rows, self.channels * self.length)

    def spread(self, v: Any, dtype: Any) -> Any:
        """One value a channel, rounded to `dtype`, as one a column."""
        v = v.astype(dtype)
        return v if self.length == 1 else np.repeat(v, self.length)

    def total(self, x: Any) -> Any:
        """The sum of each channel of a tile, in float64."""
        return self.summed(x, lambda rows: np.add.reduce(rows, axis=-2))

    def total_product(self, x: Any, other: Any) -> Any:
        """The sum of the products, likewise."""
        return self.summed(x, lambda *rows: np.einsum("...ij,...ij->...j", *rows), other)

    def summed(self, x: Any, reduce: Any, *others: Any) -> Any:
        """What `reduce` makes of ROWS rows at a time, added up for each channel in float64."""
        arrays = (x, *others)
        rows, columns = x.shape
        whole = rows - rows % ROWS
        if whole > ROWS:
            blocks = reduce(*(a[:whole].reshape(-1, ROWS, columns) for a in arrays))
            found = np.add.reduce(blocks, axis=0, dtype=np.float64)
            if whole < rows:
                found += reduce(*(a[whole:] for a in arrays))
        else:
            found = reduce(*arrays).astype(np.float64)
        return found if self.length == 1 else found.reshape(-1, self.length).sum(axis=1)


tiles_of = lru_cache(maxsize=256)(Tiles)


def forward(
    x: Any, weight: Any = None, bias: Any = None, mask: Any = None, *, axes: Axes, eps: float
) -> Any:
    """What `training.forward` returns."""
    if mask is not None or not is_taken(x, axes, weight, bias):
        return NotImplemented
    tiles = tiles_of(x.shape, axes)
    values = tiles.columns(x)
    y = np.empty(x.shape, x.dtype)
    out = y.reshape(values.shape)
    mean, low = np.empty(tiles.channels, x.dtype), np.empty(tiles.channels, x.dtype)
    var, inv_std = np.empty(tiles.channels), np.empty(tiles.channels)

    def normalise(first: int, last: int) -> None:
        for tile in range(first, last):
            c = slice(tiles.cuts[tile], tiles.cuts[tile + 1])
            j = slice(c.start * tiles.length, c.stop * tiles.length)
            part = values[:, j]
            rough = (tiles.total(part) / tiles.values).astype(x.dtype)
            # Beside the output: rows that lie far apart get into each other's way in the cache.
            centred = part - tiles.spread(rough, x.dtype)
            missed = (tiles.total(centred) / tiles.values).astype(x.dtype)
            centred -= tiles.spread(missed, x.dtype)
            refined = mean[c] = rough + missed
            low[c] = missed - (refined - rough)
            var[c] = tiles.total_product(centred, centred) / tiles.values
            inv_std[c] = 1 / np.sqrt(var[c] + eps)
            scale = tiles.spread(inv_std[c] if weight is None else weight[c] * inv_std[c], x.dtype)
            if bias is None:
                np.multiply(centred, scale, out=out[:, j])
            else:
                centred *= scale
                np.add(centred, tiles.spread(bias[c], x.dtype), out=out[:, j])

    parallel_for(normalise, len(tiles.cuts) - 1, work=8 * x.size)
    return (y, *(v.reshape(tiles.statistics) for v in (mean, var, low, inv_std)))


def vjp(
    g: Any,
    y: Any,
    residuals: Any,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    mask: Any = None,
    *,
    axes: Axes,
    eps: float,
) -> Any:
    """What `training.vjp` returns."""
    if mask is not None or not is_taken(x, axes, g, weight, bias):
        return NotImplemented
    tiles = tiles_of(x.shape, axes)
    mean, _, low, inv_std = (v.reshape(-1) for v in residuals)
    values, cotangents = tiles.columns(x), tiles.columns(g)
    by_x = np.empty(x.shape, x.dtype)
    out = by_x.reshape(values.shape)
    sum_g, sum_g_x_hat = np.empty(tiles.channels), np.empty(tiles.channels)

    def pull_back(first: int, last: int) -> None:
        for tile in range(first, last):
            c = slice(tiles.cuts[tile], tiles.cuts[tile + 1])
            j = slice(c.start * tiles.length, c.stop * tiles.length)
            u = cotangents[:, j]
            moved = values[:, j] - tiles.spread(mean[c], x.dtype)
            moved -= tiles.spread(low[c], x.dtype)
            sum_g[c] = tiles.total(u)
            sum_g_x_hat[c] = tiles.total_product(u, moved) * inv_std[c]
            moved *= tiles.spread(sum_g_x_hat[c] * inv_std[c] / tiles.values, x.dtype)
            moved += tiles.spread(sum_g[c] / tiles.values, x.dtype)
            np.subtract(u, moved, out=moved)
            scale = inv_std[c] if weight is None else weight[c] * inv_std[c]
            np.multiply(moved, tiles.spread(scale, x.dtype), out=out[:, j])

    parallel_for(pull_back, len(tiles.cuts) - 1, work=8 * x.size)
    return (
        by_x,
        None if weight is None else sum_g_x_hat.astype(weight.dtype),
        None if bias is None else sum_g.astype(bias.dtype),
    )
