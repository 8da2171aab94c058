"""Softmax on NumPy, without avoidable temporaries."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["softmax"]

add_reduce: Any = np.add.reduce
maximum_reduce: Any = np.maximum.reduce


def softmax(x: Any, /, *, axis: Any) -> Any:
    """All in one array, the first that is made; of float16 summed in float32."""
    y = x - maximum_reduce(x, axis, None, None, True)
    np.exp(y, y)
    wide = np.float32 if x.dtype == np.float16 else None
    y /= add_reduce(y, axis, wide, None, True)
    return y
