"""How compiled loops are run on arrays: how these are seen, and their channels shared out.

A few channels at a time, a *tile*, go to one thread, so that their number changes no bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.extend import parallel_for, threads_for

from . import loops
from .columns import W

__all__ = ["as_rows", "run", "vector"]

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
    """One value a channel, (n,), in `dtype`: those of `v`, or all the same if it is None."""
    return np.full(n, otherwise, dtype) if v is None else v.reshape(n).astype(dtype)


def run(loop: str, shape: tuple[int, int, int], *arguments: Any) -> None:
    """Let all channels of arrays of this shape go through one of `loops`, on several threads."""
    rows, n, length = shape
    long = length >= LONG
    width = max(1, TILE // (rows * length), WIDTH // length) if long else W // length
    function, work = getattr(loops, loop), 4 * rows * n * length
    count = -(-n // width)
    if long:  # Each thread has a tile at least; rows are read in one go rather than parted.
        count = max(count, min(n, threads_for(work, function)))
    width = -(-n // count)
    parallel_for(function, -(-n // width), width, long, *arguments, work=work)
