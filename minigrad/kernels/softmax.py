"""Softmax on NumPy, without avoidable temporaries."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["softmax"]

add_reduce: Any = np.add.reduce
maximum_reduce: Any = np.maximum.reduce
FLOAT32 = np.dtype("float32")
SHORT = 32
"""The longest row that a product with ones sums sooner than NumPy does."""


def softmax(x: Any, /, *, axis: Any) -> Any:
    """All in one array, the first that is made; of float16 summed in float32.

    A product with a square of ones sums a row, and writes the sum beside each of its terms: for
    short rows of a matrix that takes half the time of a sum, and of a division that broadcasts it.
    """
    if x.size == 0:
        return NotImplemented
    y = np.subtract(x, maximum_reduce(x, axis, None, None, True))
    np.exp(y, y)
    if y.dtype is FLOAT32 and y.ndim == 2 and axis in (-1, 1) and y.shape[1] <= SHORT:
        return np.divide(y, y.dot(ones(y.shape[1])), y)
    wide = np.float32 if y.dtype == np.float16 else None
    return np.divide(y, add_reduce(y, axis, wide, None, True), y)


@lru_cache(maxsize=SHORT)
def ones(n: int) -> Any:
    """A square of ones, made once."""
    return np.ones((n, n), FLOAT32)
