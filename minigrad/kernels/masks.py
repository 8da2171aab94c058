"""Where a mask says so, and zero elsewhere: by the bits of the numbers, without branches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .memory import new_array

__all__ = ["kept"]


def kept(g: Any, mask: Any, out: Any = None) -> Any:
    """g where `mask` is True, else 0.

    A product with the mask would make NaN of infinity, and `where` takes five times as long.
    """
    whole = np.dtype(f"i{g.dtype.itemsize}")
    if out is None:
        out = new_array(g.shape, g.dtype)
    bits = np.negative(mask.view(np.int8))  # all bits, or none
    np.bitwise_and(g.view(whole), bits, out=out.view(whole))
    return out
