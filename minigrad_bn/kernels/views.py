"""How the kernels see an array: as (A, C, L), the axes before and after the channels' merged."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

__all__ = ["Axes", "is_taken", "seen_as"]

Axes = tuple[int, ...]


def is_taken(x: Any, axes: Axes, *others: Any) -> bool:
    """Whether there is something to do, with the channels along one axis, in one dtype."""
    dtype = x.dtype
    for other in others:
        if other is not None and other.dtype != dtype:
            return False
    return len(axes) == x.ndim - 1 and x.size > 0


@lru_cache(maxsize=256)
def seen_as(shape: tuple[int, ...], axes: Axes) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """The shape as (A, C, L), where the channels are along the one axis not in `axes`.

    And the shape of the statistics, which keep `axes` as axes of size 1.
    """
    (axis,) = (a for a in range(len(shape)) if a not in axes)
    before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    kept = tuple([1 if a in axes else n for a, n in enumerate(shape)])
    return (before, shape[axis], after), kept
