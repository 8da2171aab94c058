"""Functions of arrays that work element by element, on NumPy: a block of elements at a time.

What is computed on the way stays in the cache then, and its memory is used again; the operations
are the same, and so is each bit of the results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .threads import parallel_for

__all__ = ["as_rows", "in_blocks"]

BLOCK = 32768
"""So many elements are gone through at a time."""


def as_rows(*arrays: Any) -> list[Any] | None:
    """Arrays of one shape and dtype, each as a contiguous row; None if they are not alike.

    No row is read-only, so that what is compiled for rows is compiled once.
    """
    first, rows = arrays[0], []
    for x in arrays:
        if x is None or x.shape != first.shape or x.dtype != first.dtype:
            return None
        row = np.ascontiguousarray(x).reshape(-1)
        rows.append(row if row.flags.writeable else row.copy())
    return rows


def in_blocks(function: Callable[..., Any], *arrays: Any, **params: Any) -> Any:
    """`function(np, *arrays, **params)`: a tuple of new arrays, each like the first.

    The arrays are alike, or None, as a result may be.
    """
    rows = as_rows(*[x for x in arrays if x is not None])
    if rows is None:
        return NotImplemented
    there = iter(rows)
    given = [None if x is None else next(there) for x in arrays]
    part = lambda i, j: [x if x is None else x[i:j] for x in given]
    size, results = rows[0].size, function(np, *part(0, 0), **params)
    new = [y if y is None else np.empty_like(rows[0]) for y in results]

    def work(start: int, stop: int) -> None:
        for i in range(start * BLOCK, min(stop * BLOCK, size), BLOCK):
            for y, found in zip(new, function(np, *part(i, i + BLOCK), **params), strict=True):
                if y is not None:
                    y[i : i + BLOCK] = found

    parallel_for(work, -(-size // BLOCK), work=(len(rows) + len(new)) * size)
    return tuple([y if y is None else y.reshape(arrays[0].shape) for y in new])
