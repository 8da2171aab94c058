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

kept = local()


def scratch(purpose: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """An array of undefined content, until this thread asks for the same purpose again."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size > LARGEST:
        return np.empty(shape, dtype)
    buffer = kept.__dict__.get(purpose)
    if buffer is None or buffer.nbytes < size:
        buffer = kept.__dict__[purpose] = np.empty(size, np.uint8)
    return buffer[:size].view(dtype).reshape(shape)
