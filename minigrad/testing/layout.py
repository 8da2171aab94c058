"""Ways for the same values to lie in memory: what NumPy calls strides, order and flags."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["LAYOUTS", "lay_out"]

LAYOUTS = ("C", "Fortran", "strided", "reversed", "stride 0", "read-only")


def lay_out(x: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """The values of x, lying in memory as `layout` says, one of `LAYOUTS`.

    "stride 0" repeats the first row instead, since equal values are what it stands for. Raises
    ValueError for a layout that there is not.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"lay_out: {layout!r} is none of {LAYOUTS}")
    if not x.ndim:
        return x.copy()
    if layout == "Fortran":
        return np.asfortranarray(x)
    if layout == "strided":
        wide = np.zeros(tuple(2 * n for n in x.shape), dtype=x.dtype)
        part = wide[tuple(slice(None, None, 2) for _ in x.shape)]
        part[...] = x
        return part
    if layout == "reversed":
        back = (slice(None, None, -1),) * x.ndim
        return x[back].copy()[back]
    if layout == "stride 0":
        return np.broadcast_to(x[:1], x.shape) if x.shape[0] else x.copy()
    y = np.array(x, order="C")
    if layout == "read-only":
        y.flags.writeable = False
    return y
