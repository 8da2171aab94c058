"""Matrix products in pieces that BLAS computes on the thread that asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .scratch import scratch

__all__ = ["ALIKE", "PIECE", "multiply", "multiply_over_positions"]

PIECE = 1_000_000
"""So many multiplications OpenBLAS does at once and by itself, without packing the matrices."""

ALIKE = 16
"""So many multiplications by BLAS take as long as one element read or written."""


def divisor(n: int, most: float) -> int:
    """The largest divisor of n that is at most `most`, and at least 1."""
    return next(d for d in range(min(n, max(1, int(most))), 0, -1) if n % d == 0)


def multiply(matrix: Any, block: Any, out: Any) -> None:
    """matrix (groups, a, b) times block (products, groups, b, units, width), written to `out`."""
    groups, a, b = matrix.shape
    products, _, _, units, width = block.shape
    row = max(1, b * width)
    u = divisor(units, PIECE / row / min(a, 8))
    m = divisor(a, PIECE / row / u)
    left = matrix.reshape(groups, a // m, 1, m, b)
    right = block.reshape(products, groups, b, units // u, u * width)
    target = out.reshape(products, groups, a // m, m, units // u, u * width)
    np.matmul(left, right.transpose(0, 1, 3, 2, 4)[:, :, None], out=target.swapaxes(3, 4))


def multiply_over_positions(columns: Any, rows: Any) -> Any:
    """The sum over products, units and width of columns times rows: (groups, a, b).

    `columns` is (products, groups, a, units, width), `rows` (products, groups, units, width, b):
    as long as neither is turned on its way to BLAS, that keeps to this thread.
    """
    products, groups, a, units, width = columns.shape
    b = rows.shape[4]
    row = max(1, b * width)
    u = divisor(units, PIECE / row / min(a, 32))
    m = divisor(a, PIECE / row / u)
    left = columns.reshape(products, groups, a // m, m, units // u, u * width)
    right = rows.reshape(products, groups, units // u, 1, u * width, b)
    parts = scratch("products", (products, groups, units // u, a // m, m, b), rows.dtype)
    np.matmul(left.transpose(0, 1, 4, 2, 3, 5), right, out=parts)
    total: Any = np.add.reduce(parts, (0, 2))
    return total.reshape(groups, a, b)
