"""Inverses and linear systems. Their derivatives are systems with the transposed matrix."""

from __future__ import annotations

from typing import Any

import numpy

from ...broadcasting import unbroadcast
from ...dtypes import as_floating
from ...primitive import primitive
from ...tensor import Tensor, namespace
from .matrices import as_square
from .products import matmul

__all__ = ["inv", "matrix_power", "solve"]


def inv_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    """-yᵀ g yᵀ, from d(x⁻¹) = -x⁻¹ dx x⁻¹."""
    transposed = xp.matrix_transpose(y)
    return -xp.matmul(xp.matmul(transposed, g), transposed)


def solve_vjp(xp: Any, g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """b receives the solution u of aᵀ u = g, and a receives -u yᵀ."""
    if b.ndim == 1:
        g, y = xp.expand_dims(g, axis=-1), xp.expand_dims(y, axis=-1)
    u = xp.linalg.solve(xp.matrix_transpose(a), g)
    da = unbroadcast(xp, -xp.matmul(u, xp.matrix_transpose(y)), a.shape)
    if b.ndim == 1:
        return da, unbroadcast(xp, xp.reshape(u, u.shape[:-1]), b.shape)
    return da, unbroadcast(xp, u, b.shape)


def diagnose_singular(x: Tensor, *others: Tensor) -> str:
    matrix = "the matrix" if x.ndim == 2 else "a matrix in the stack"
    return (
        f"{matrix} of shape {x.shape} is singular; add a small multiple of mg.eye({x.shape[-1]}), "
        "or take mg.linalg.pinv for the solution of least squares"
    )


_inv = primitive(
    "inv",
    inv_vjp,
    forward=lambda xp, x: xp.linalg.inv(x),
    complex=True,
    diagnose=diagnose_singular,
)
_solve = primitive(
    "solve",
    joint=solve_vjp,
    forward=lambda xp, a, b: xp.linalg.solve(a, b),
    promotes=True,
    complex=True,
    diagnose=diagnose_singular,
)


def inv(x: Tensor, /) -> Tensor:
    """The inverse of square matrices. Raises ValueError for others, and for singular ones."""
    return _inv(as_square("inv", x))


def solve(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The y with x1 y = x2, for square matrices x1.

    x2 is a vector if it has one axis, and holds matrices otherwise; stacks broadcast. Raises
    ValueError for shapes that do not fit together, and for singular matrices.
    """
    x1, x2 = as_square("solve", x1), as_floating(x2)
    rows = x2.shape[-2:][:1]
    if rows != x1.shape[-1:]:
        raise ValueError(
            f"solve: {x1.shape} and {x2.shape}: {x1.shape[-1]} unknowns, but {x2.shape} has "
            f"{rows[0] if rows else 'no'} rows"
        )
    try:
        numpy.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    except ValueError:
        raise ValueError(
            f"solve: {x1.shape} and {x2.shape}: the stacks {x1.shape[:-2]} and {x2.shape[:-2]} do "
            "not broadcast"
        ) from None
    return _solve(x1, x2)


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """The product of n factors x, by repeated squaring; of the inverse, for a negative n."""
    x = as_square("matrix_power", x)
    if n == 0:
        # Constant, and yet a function of x: its derivative is 0, and no error.
        nowhere = namespace.zeros(x.shape, dtype=bool, device=x.device)
        identity = namespace.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        return namespace.where(nowhere, x, identity)
    square = x if n > 0 else inv(x)
    power: Any = None
    for i, bit in enumerate(reversed(f"{abs(n):b}")):
        square = matmul(square, square) if i else square
        if bit == "1":
            power = square if power is None else matmul(power, square)
    return namespace.positive(x) if power is x else power
