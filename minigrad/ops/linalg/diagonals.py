"""The diagonals of matrices, and their sums."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor, namespace
from ..axes import require_matrices

__all__ = ["diagonal", "trace"]


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """The elements `x[..., i, i + offset]`: a slice of the rows laid end to end."""
    require_matrices("diagonal", x.shape)
    *stack, rows, columns = x.shape
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    start = offset if offset >= 0 else -offset * columns
    flat = namespace.reshape(x, (*stack, rows * columns))
    stop = min(start + length * (columns + 1), rows * columns) if length else start
    return namespace.getitem(flat, (..., slice(start, stop, columns + 1)))


def trace(x: Tensor, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sum of the diagonal, `offset` places above the main one."""
    require_matrices("trace", x.shape)
    return namespace.sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)
