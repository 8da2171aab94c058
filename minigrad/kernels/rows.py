"""How kernels see what is normalised within each sample: as rows, with weights along or across."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Rows", "contiguous", "rows_of", "vector"]

Shape = tuple[int, ...]


class Rows(NamedTuple):
    """`rows` rows of `length` are normalised; a weight belongs to a run of `run` elements.

    Either each element of a row has a weight of its own, the same in every row: `run` is 1 and
    there are `length` weights. Or a row is made of runs, its channels, and one weight belongs to
    all of a run: there are `weights` of them, for several rows together.
    """

    rows: int
    length: int
    weights: int
    run: int

    @property
    def along(self) -> bool:
        """Whether weights vary along each row, and are the same for all."""
        return self.run == 1 and self.weights == self.length


def rows_of(x: Any, axis: Shape, *parameters: Any) -> Rows | None:
    """The rows of x, or None if it is not made of them: other axes, mixed dtypes, no elements."""
    shapes = {p.shape for p in parameters if p is not None}
    alike = all(p is None or p.dtype == x.dtype for p in parameters)
    return seen(x.shape, axis, *shapes) if alike and len(shapes) < 2 and x.size else None


@lru_cache(maxsize=256)
def seen(shape: Shape, axis: Shape, parameter: Shape | None = None) -> Rows | None:
    first = len(shape) - len(axis)
    if axis != tuple(range(first, len(shape))):
        return None
    length = math.prod(shape[first:])
    count = math.prod(shape[:first])
    if parameter is None or parameter == shape[first:]:
        return Rows(count, length, length, 1)
    # The axes of the parameter are the last of x; those at its end that it has not are a run.
    start, end = len(shape) - len(parameter), len(shape)
    while end > start and parameter[end - 1 - start] == 1:
        end -= 1
    if start < 0 or parameter[: end - start] != shape[start:end] or end < first or start > first:
        return None
    return Rows(count, length, math.prod(shape[start:end]), math.prod(shape[end:]))


def contiguous(x: Any, shape: Shape) -> Any:
    """x in that shape, its elements side by side, and never read-only: compiled once for all."""
    x = np.ascontiguousarray(x).reshape(shape)
    return x if x.flags.writeable else x.copy()


def vector(v: Any, n: int, otherwise: float, dtype: Any) -> Any:
    """The n weights, or all the same if there are none."""
    return np.full(n, otherwise, dtype) if v is None else contiguous(v, (n,))
