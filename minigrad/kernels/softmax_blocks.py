"""softmax, its logarithm and their rules on NumPy: blocks that stay in the cache, in place.

A block is a part of the first axis, unless that is the one that is summed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .memory import new_array
from .threads import parallel_for

__all__ = ["log_softmax", "log_softmax_vjp", "softmax", "softmax_vjp"]

BLOCK = 65536
"""So many elements are gone over at a time."""

add_reduce: Any = np.add.reduce
maximum_reduce: Any = np.maximum.reduce


def softmax(x: Any, /, *, axis: Any) -> Any:
    """exp(x) / sum(exp(x))."""

    def fill(y: Any, x: Any) -> None:
        np.subtract(x, maximum_reduce(x, axis, None, None, True), out=y)
        np.exp(y, out=y)
        y /= add_reduce(y, axis, None, None, True)

    return in_blocks(fill, axis, x)


def softmax_vjp(g: Any, y: Any, x: Any, /, *, axis: Any) -> Any:
    """(g - sum(g y)) y."""

    def fill(by_x: Any, g: Any, y: Any) -> None:
        np.multiply(g, y, out=by_x)
        np.subtract(g, add_reduce(by_x, axis, None, None, True), out=by_x)
        by_x *= y

    return in_blocks(fill, axis, g, y)


def log_softmax(x: Any, /, *, axis: Any) -> Any:
    """x - log(sum(exp(x)))."""

    def fill(y: Any, x: Any) -> None:
        np.subtract(x, maximum_reduce(x, axis, None, None, True), out=y)
        y -= np.log(add_reduce(np.exp(y), axis, None, None, True))

    return in_blocks(fill, axis, x)


def log_softmax_vjp(g: Any, y: Any, x: Any, /, *, axis: Any) -> Any:
    """g - exp(y) sum(g)."""

    def fill(by_x: Any, g: Any, y: Any) -> None:
        np.exp(y, out=by_x)
        by_x *= add_reduce(g, axis, None, None, True)
        np.subtract(g, by_x, out=by_x)

    return in_blocks(fill, axis, g, y)


def in_blocks(fill: Callable[..., None], axis: Any, *arrays: Any) -> Any:
    """A new array, filled a block at a time from the same block of `arrays`, which are alike."""
    first = arrays[0]
    if not isinstance(axis, int) or not first.size or any(x.dtype != first.dtype for x in arrays):
        return NotImplemented
    y = new_array(first.shape, first.dtype)
    n = len(y)
    step = n if axis in (0, -y.ndim) else max(1, BLOCK * n // y.size)

    def work(start: int, stop: int) -> None:
        for i in range(start * step, min(stop * step, n), step):
            fill(y[i : i + step], *[x[i : i + step] for x in arrays])

    parallel_for(work, -(-n // step), work=8 * y.size)
    return y
