"""Batch norm in training on NumPy, a block of contiguous memory at a time.

One pass over the blocks gathers the sums of each channel, a second one maps the values, in place
wherever it can be. Where 0 lies within a few deviations of the mean, as it does after most layers,
the sums are those of x and x^2 as they stand, and

    y = x scale + (beta - mean scale)        scale = gamma i

loses no digit worth one: two operations an element. Elsewhere x is centred first, and the sums are
gathered once more, about what was found: that is exact for any offset, as the definition in
`minigrad_bn.training` is. Sums of a few values are made in the dtype of the array, and meet in
float64.

Arrays are seen as (A, C, L), contiguous, and others are copied.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.extend import new_array, parallel_for

from .views import Axes, is_taken, seen_as

__all__ = ["forward", "vjp"]

BLOCK = 65536
"""So many elements, of each array, are worked on at a time: they fit the second cache."""

ROWS = 16
"""So many rows are added up in the dtype of the array before their sums meet in float64."""

LONG, LONGEST = 48, 2048
"""A channel's values that lie side by side in runs of so many are added up run by run, at most so
many at a time; shorter runs row by row."""

NEAR = 4.0
"""The square of how many deviations the mean may be from 0, for x to be taken as it stands."""


class Blocks:
    """How an array of `shape`, with its channels along the one axis not in `axes`, is cut.

    A block is some rows, with all channels, or some channels of one row: contiguous either way.
    """

    def __init__(self, shape: tuple[int, ...], axes: Axes) -> None:
        self.shape, self.statistics = seen_as(shape, axes)
        rows, self.channels, self.length = self.shape
        self.values = rows * self.length
        columns = self.channels * self.length
        height = max(1, BLOCK // columns)
        height -= height % ROWS if height > ROWS else 0
        width = max(1, BLOCK // self.length) if columns > BLOCK else self.channels
        self.largest = min(height, rows) * min(width, self.channels) * self.length
        self.list = [
            (slice(a, min(a + height, rows)), slice(c, min(c + width, self.channels)))
            for a in range(0, rows, height)
            for c in range(0, self.channels, width)
        ]
        self.work = 2 * rows * columns

    def sums(self, x: Any, centre: Any = None, g: Any = None) -> tuple[Any, Any]:
        """sum(c) and sum(c^2) of each channel, where c = x - centre; sum(g) and sum(g c) with g.

        In float64. Without a centre, c is x.
        """
        found = np.zeros((2, len(self.list), self.channels))

        def gather(first: int, last: int) -> None:
            for i in range(first, last):
                rows, c = self.list[i]
                a = x[rows, c] if centre is None else x[rows, c] - centre[c, None]
                b = a if g is None else g[rows, c]
                found[0, i, c], found[1, i, c] = total(b), total(b, a)

        parallel_for(gather, len(self.list), work=self.work)
        first, second = found.sum(axis=1)
        return first, second

    def vector(self, v: Any, dtype: Any) -> Any:
        """One value a channel, rounded to `dtype`, as one a column."""
        v = v.astype(dtype)
        return v if self.length == 1 else np.repeat(v, self.length)

    def cut(self, x: Any, block: tuple[slice, slice]) -> Any:
        """A block of x as (rows, columns), or of a `vector`: a view."""
        rows, c = block
        here = slice(c.start * self.length, c.stop * self.length)
        return x[here] if x.ndim == 1 else x[rows].reshape(-1, self.channels * self.length)[:, here]


blocks_of = lru_cache(maxsize=256)(Blocks)


def total(a: Any, b: Any = None) -> Any:
    """The sum of a, or of a b, for each channel of a block (rows, channels, length), in float64."""
    rows, channels, length = a.shape
    if length >= LONG:
        other = np.ones(length, a.dtype) if b is None else b
        pieces = [slice(j, j + LONGEST) for j in range(0, length, LONGEST)]
        found = [np.vecdot(a[..., j], other[..., j]).sum(axis=0, dtype="float64") for j in pieces]
        return found[0] if len(found) == 1 else sum(found)
    whole = rows - rows % ROWS
    parts = [(0, whole, ROWS), (whole, rows, rows - whole)]
    by_column = np.zeros(channels * length)
    for start, stop, few in parts:
        if start < stop:
            shape = -1, few, channels * length
            if b is None:
                each = np.add.reduce(a[start:stop].reshape(shape), axis=-2)
            else:
                left, right = (v[start:stop].reshape(shape) for v in (a, b))
                each = np.einsum("...ij,...ij->...j", left, right)
            by_column += np.add.reduce(each, axis=0, dtype=np.float64)
    return by_column if length == 1 else by_column.reshape(channels, length).sum(axis=1)


def is_near(mean: Any, var: Any) -> bool:
    """Whether x may be taken as it stands: no mean is more than a few deviations from 0."""
    return bool((mean * mean <= NEAR * var).all())


def forward(
    x: Any, weight: Any = None, bias: Any = None, mask: Any = None, *, axes: Axes, eps: float
) -> Any:
    """What `training.forward` returns."""
    if mask is not None or not is_taken(x, axes, weight, bias):
        return NotImplemented
    blocks, dtype = blocks_of(x.shape, axes), x.dtype
    values = np.ascontiguousarray(x).reshape(blocks.shape)
    y = new_array(x.shape, dtype)
    out = y.reshape(blocks.shape)

    mean, low, var, near = statistics(blocks, values)
    inv_std = 1 / np.sqrt(var + eps)
    scale = inv_std if weight is None else weight * inv_std
    shift = np.zeros(blocks.channels) if bias is None else bias
    if near:
        shift = shift - mean * scale
    rows = [blocks.vector(v, dtype) for v in (scale, shift, mean, low)]

    def normalise(first: int, last: int) -> None:
        for block in blocks.list[first:last]:
            a, to, factor, start, centre, rest = (
                blocks.cut(v, block) for v in (values, out, *rows)
            )
            if not near:
                a = np.subtract(a, centre, out=to)
                a -= rest
            np.multiply(a, factor, out=to)
            to += start

    parallel_for(normalise, len(blocks.list), work=blocks.work)
    return y, *(v.reshape(blocks.statistics) for v in (mean, var, low, inv_std))


def statistics(blocks: Blocks, x: Any) -> tuple[Any, Any, Any, bool]:
    """`mean, low, var` of each channel, and whether all means are near 0."""
    number, m = x.dtype, blocks.values
    apart, square = (s / m for s in blocks.sums(x))
    mean, var = apart.astype(number), square - apart * apart
    near = is_near(apart, var)
    start: Any = np.zeros(blocks.channels)
    if not near:
        start = mean.astype(np.float64)
        apart, square = (s / m for s in blocks.sums(x, mean))
        mean, var = (start + apart).astype(number), square - apart * apart
    low = ((start - mean) + apart).astype(number)
    return mean, low, np.maximum(var, 0.0), near


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
    blocks, dtype = blocks_of(x.shape, axes), x.dtype
    values, cotangents = (np.ascontiguousarray(a).reshape(blocks.shape) for a in (x, g))
    mean, var, low, inv_std = (v.reshape(-1) for v in residuals)
    by_x = new_array(x.shape, dtype)
    out = by_x.reshape(blocks.shape)
    near = is_near(mean.astype(np.float64), var)
    sum_g, sum_gc = blocks.sums(values, None if near else mean, cotangents)
    rest = mean if near else low
    sum_g_x_hat = (sum_gc - rest * sum_g) * inv_std
    # gamma i P(g) = g scale + (c slope + start), where c = x - mean, or x
    scale = inv_std if weight is None else weight * inv_std
    slope = -sum_g_x_hat * inv_std / blocks.values * scale
    start = -sum_g / blocks.values * scale - rest * slope
    rows = [blocks.vector(v, dtype) for v in (scale, slope, start, mean)]

    def pull_back(first: int, last: int) -> None:
        memory = np.empty(blocks.largest, dtype)
        for block in blocks.list[first:last]:
            u, a, to, *vectors = (blocks.cut(v, block) for v in (cotangents, values, out, *rows))
            factor, tilt, shift, middle = vectors
            c = memory[: a.size].reshape(a.shape)
            np.multiply(a if near else np.subtract(a, middle, out=c), tilt, out=c)
            c += shift
            np.multiply(u, factor, out=to)
            to += c

    parallel_for(pull_back, len(blocks.list), work=2 * blocks.work)
    return (
        by_x,
        None if weight is None else sum_g_x_hat.astype(weight.dtype),
        None if bias is None else sum_g.astype(bias.dtype),
    )
