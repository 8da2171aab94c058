"""Batch norm in training, compiled by numba: each value is read from memory as seldom as can be.

What `minigrad_bn.training` defines, for arrays seen as (A, C, L): by `channels` where the values of
a channel lie side by side in long runs, by `columns` where they do not. A few channels at a time,
a *tile*, are shared out among threads, each to one of them, so their number changes no bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.extend import parallel_for, threads_for

from . import channels, columns
from .views import Axes, is_taken, seen_as

__all__ = ["forward", "vjp"]

LONG = 16
"""A channel whose values lie side by side in runs of so many is worth loops of its own."""

TILE = 131072
"""So many elements, of each array, are gone over at a time: they stay in the second cache."""

WIDTH = 512
"""So many elements that lie side by side, at least: memory is read in long stretches."""


def as_rows(x: Any, shape: tuple[int, int, int]) -> Any:
    """`x` in that shape, contiguous, and no view that is read-only: compiled once for all."""
    x = np.ascontiguousarray(x).reshape(shape)
    return x if x.flags.writeable else x.copy()


def vector(v: Any, n: int, otherwise: float, dtype: Any) -> Any:
    """One value a channel in `dtype`: those of `v`, or all the same if it is None."""
    return np.full(n, otherwise, dtype) if v is None else v.astype(dtype)


def run(name: str, shape: tuple[int, int, int], *arguments: Any) -> None:
    """Let all channels go through a loop of `channels` or of `columns`, on several threads."""
    rows, n, length = shape
    if length >= LONG:
        loops: Any = channels
        width = max(1, TILE // (rows * length), WIDTH // length)
    else:
        loops, width = columns, columns.COLUMNS // length
    count, work = -(-n // width), 4 * rows * n * length
    # Each thread has a tile at least. No bit depends on how many there are.
    count = max(count, min(n, threads_for(work)))
    width = -(-n // count)
    parallel_for(getattr(loops, name), -(-n // width), width, *arguments, work=work)


def forward(
    x: Any, weight: Any = None, bias: Any = None, mask: Any = None, *, axes: Axes, eps: float
) -> Any:
    """What `training.forward` returns."""
    if mask is not None or not is_taken(x, axes, weight, bias):
        return NotImplemented
    (shape, statistics), dtype = seen_as(x.shape, axes), x.dtype
    n, y = shape[1], np.empty(x.shape, dtype)
    mean, low, var, inv_std = np.empty(n, dtype), np.empty(n, dtype), np.empty(n), np.empty(n)
    gamma, beta = vector(weight, n, 1.0, np.float64), vector(bias, n, 0.0, dtype)
    found = mean, low, var, inv_std
    run("normalise", shape, as_rows(x, shape), gamma, beta, float(eps), y.reshape(shape), *found)
    return y, *[v.reshape(statistics) for v in (mean, var, low, inv_std)]


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
    shape, _ = seen_as(x.shape, axes)
    n, by_x = shape[1], np.empty(x.shape, x.dtype)
    mean, _, low, inv_std = (v.reshape(-1) for v in residuals)
    sum_g, sum_g_x_hat = np.empty(n), np.empty(n)
    gamma = vector(weight, n, 1.0, np.float64)
    found = by_x.reshape(shape), sum_g, sum_g_x_hat
    run("pull_back", shape, as_rows(g, shape), as_rows(x, shape), gamma, mean, low, inv_std, *found)
    return (
        by_x,
        None if weight is None else sum_g_x_hat.astype(weight.dtype),
        None if bias is None else sum_g.astype(bias.dtype),
    )
