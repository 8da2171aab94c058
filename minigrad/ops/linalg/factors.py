"""Triangular factors: Cholesky's, and those of QR."""

from __future__ import annotations

import math
from typing import Any

from ...outputs import several
from ...primitive import primitive
from ...tensor import Tensor
from .matrices import as_matrices, as_square, as_stack, blocked

__all__ = ["cholesky", "qr"]


def cholesky_vjp(xp: Any, g: Any, y: Any, x: Any, *, upper: bool) -> Any:
    """L⁻ᵀ Φ(Lᵀ g) L⁻¹, symmetrised; Φ takes the lower triangle and half of the diagonal.

    I. Murray, Differentiation of the Cholesky decomposition, 2016.
    """
    if upper:
        g, y = xp.matrix_transpose(g), xp.matrix_transpose(y)
    transposed = xp.matrix_transpose(y)
    product = xp.matmul(transposed, g)
    phi = (xp.tril(product) + xp.tril(product, k=-1)) / 4
    left = xp.linalg.solve(transposed, phi + xp.matrix_transpose(phi))
    return xp.linalg.solve(transposed, xp.matrix_transpose(left))


def diagnose_cholesky(x: Tensor, *, upper: bool) -> str:
    matrix = "the matrix" if x.ndim == 2 else "a matrix in the stack"
    return (
        f"{matrix} of shape {x.shape} is not positive definite; add a small multiple of "
        f"mg.eye({x.shape[-1]})"
    )


_cholesky = primitive(
    "cholesky",
    cholesky_vjp,
    forward=lambda xp, x, *, upper: xp.linalg.cholesky(x, upper=upper),
    diagnose=diagnose_cholesky,
)


def cholesky(x: Tensor, /, *, upper: bool = False) -> Tensor:
    """The lower triangular L with x = L Lᵀ, or with `upper` its transpose.

    x is symmetric, and so is the gradient that arrives at it. Raises ValueError for matrices that
    are not square or not positive definite.
    """
    return _cholesky(as_square("cholesky", x), upper=upper)


# x = Q R, for a tall or square x (Walter and Lehmann, Algorithmic differentiation of linear algebra
# functions, 2012). Of a wide x the first columns X₁ = Q R₁ have the factors, and R₂ = Qᵀ X₂.


def pull_back(xp: Any, g: Any, m: Any, q: Any, r: Any) -> Any:
    """(g + Q (tril(m) + tril(m, -1)ᵀ)) R⁻ᵀ, nan where a column of x depends on those before it."""
    lower = xp.tril(m) + xp.matrix_transpose(xp.tril(m, k=-1))
    singular = as_stack(xp, xp.any(xp.linalg.diagonal(r) == 0, axis=-1))
    numerator = xp.matrix_transpose(g + xp.matmul(q, lower))
    solution = xp.linalg.solve(blocked(xp, singular, r), numerator)
    return xp.where(singular, math.nan, xp.matrix_transpose(solution))


def q_vjp(xp: Any, g: Any, y: Any, outputs: Any, x: Any, *, mode: str) -> Any:
    q, r = outputs
    rows, columns = x.shape[-2:]
    if q.shape[-1] > columns:
        raise TypeError(
            f"qr: Q has no derivative with mode='complete' for shape {x.shape}: its last "
            f"{rows - columns} columns are arbitrary; use mode='reduced'"
        )
    m = -xp.matmul(xp.matrix_transpose(g), q)
    first = pull_back(xp, g, m, q, xp.getitem(r, (..., slice(rows))))
    if columns <= rows:
        return first
    rest = xp.zeros((*x.shape[:-1], columns - rows), dtype=x.dtype, device=x.device)
    return xp.concat([first, rest], axis=-1)


def r_vjp(xp: Any, g: Any, y: Any, outputs: Any, x: Any, *, mode: str) -> Any:
    size = min(x.shape[-2:])
    left, right = (..., slice(size)), (..., slice(size, None))
    if x.shape[-2] > g.shape[-1] and mode == "complete":
        # A basis that was completed has no derivative, and the second derivative would ask for it.
        outputs = xp.linalg.qr(x, mode="reduced")
        g = xp.getitem(g, (..., slice(size), slice(None)))
    q, r = outputs
    r, by_r = xp.getitem(r, left), xp.getitem(g, left)
    m = xp.matmul(r, xp.matrix_transpose(by_r))
    if size == x.shape[-1]:
        return pull_back(xp, 0, m, q, r)
    by_rest = xp.getitem(g, right)
    by_q = xp.matmul(xp.getitem(x, right), xp.matrix_transpose(by_rest))
    m = m - xp.matmul(xp.matrix_transpose(by_q), q)
    return xp.concat([pull_back(xp, by_q, m, q, r), xp.matmul(q, by_rest)], axis=-1)


_qr = several("qr", lambda xp, x, *, mode: xp.linalg.qr(x, mode=mode), Q=q_vjp, R=r_vjp)


def qr(x: Tensor, /, *, mode: str = "reduced") -> Any:
    """`(Q, R)`: orthonormal columns and an upper triangle with x = Q R.

    "reduced" makes as many columns as x has, or rows if those are fewer; "complete" as many as
    rows, of which those beyond the columns of x are arbitrary: Q has no derivative then. Raises
    ValueError for another mode.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is {mode!r}, expected 'reduced' or 'complete'")
    return _qr(as_matrices("qr", x), mode=mode)
