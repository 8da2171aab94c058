"""Memory that is used again: a buffer for each thread and each purpose.

What a kernel computes in blocks, it keeps in the cache by writing every block to the same place.
"""

from __future__ import annotations

import math
from threading import local
from typing import Any

import numpy as np

__all__ = ["scratch"]

LARGEST = 1 << 24
"""So many bytes are kept; what is larger is allocated and freed each time."""

LINE = 64
"""Where a line of the cache begins: vectors that lie across two of them cost twice."""

kept = local()


def scratch(purpose: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """An array of undefined content, until this thread asks for the same purpose again."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size > LARGEST:
        return np.empty(shape, dtype)
    buffer = kept.__dict__.get(purpose)
    if buffer is None or buffer.nbytes < size:
        whole = np.empty(size + LINE, np.uint8)
        buffer = kept.__dict__[purpose] = whole[-whole.ctypes.data % LINE :][:size]
    return buffer[:size].view(dtype).reshape(shape)
