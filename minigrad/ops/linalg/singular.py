"""Singular values and vectors, and what is defined by them: the rank and the pseudo-inverse.

Vectors have a derivative where the singular values are distinct and not 0: 1 / (s_j² - s_i²) stands
in it, and 1 / s_i if x is not square. A value of 0 has a kink, as abs has, and the derivative 0.
"""

from __future__ import annotations

from typing import Any

from ...outputs import several
from ...primitive import primitive
from ...tensor import Tensor, namespace
from .matrices import as_matrices, identity_like

__all__ = ["matrix_rank", "pinv", "svd", "svdvals"]


def from_values(xp: Any, g: Any, s: Any, u: Any, vh: Any) -> Any:
    """U diag(g) Vᵀ, without the vectors of values that are 0: they are arbitrary."""
    return xp.matmul(u * xp.expand_dims(g * xp.sign(s), axis=-2), vh)


def from_left_vectors(xp: Any, g: Any, u: Any, s: Any, vh: Any) -> Any:
    """(U (skew(Uᵀ g) / gaps) S + (1 - U Uᵀ) g S⁻¹) Vᵀ, and each gap s_j² - s_i².

    J. Townsend, Differentiating the singular value decomposition, 2016.
    """
    product = xp.matmul(xp.matrix_transpose(u), g)
    skew = product - xp.matrix_transpose(product)
    rows, columns = xp.expand_dims(s, axis=-1), xp.expand_dims(s, axis=-2)
    # The identity keeps the diagonal, where skew is 0, from 0 / 0.
    gaps = (columns - rows) * (columns + rows) + identity_like(xp, product)
    inside = xp.matmul(u, skew / gaps * columns)
    if u.shape[-2] > u.shape[-1]:
        inside = inside + (g - xp.matmul(u, product)) / columns
    return xp.matmul(inside, vh)


def reduced(xp: Any, outputs: Any) -> tuple[Any, Any, Any]:
    """U, S and Vᵀ without the vectors that only complete a basis."""
    u, s, vh = outputs
    size = s.shape[-1]
    return xp.getitem(u, (..., slice(size))), s, xp.getitem(vh, (..., slice(size), slice(None)))


def refuse_completed(name: str, x: Any, vectors: int) -> None:
    """Raise TypeError for the derivative of vectors that only complete a basis."""
    if vectors > min(x.shape[-2:]):
        raise TypeError(
            f"svd: {name} has no derivative with full_matrices=True for shape {x.shape}: "
            f"{vectors - min(x.shape[-2:])} of its vectors are arbitrary; use full_matrices=False"
        )


def u_vjp(xp: Any, g: Any, y: Any, outputs: Any, x: Any, *, full_matrices: bool) -> Any:
    refuse_completed("U", x, g.shape[-1])
    u, s, vh = reduced(xp, outputs)
    return from_left_vectors(xp, g, u, s, vh)


def s_vjp(xp: Any, g: Any, y: Any, outputs: Any, x: Any, *, full_matrices: bool) -> Any:
    if full_matrices and x.shape[-2] != x.shape[-1]:
        # A basis that was completed has no derivative, and the second derivative would ask for it.
        outputs = xp.linalg.svd(x, full_matrices=False)
    u, s, vh = outputs
    return from_values(xp, g, s, u, vh)


def vh_vjp(xp: Any, g: Any, y: Any, outputs: Any, x: Any, *, full_matrices: bool) -> Any:
    """The right vectors of x are the left ones of its transpose."""
    refuse_completed("Vh", x, g.shape[-2])
    u, s, vh = reduced(xp, outputs)
    g, u, vh = (xp.matrix_transpose(a) for a in (g, u, vh))
    return xp.matrix_transpose(from_left_vectors(xp, g, vh, s, u))


def svdvals_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    return from_values(xp, g, s, u, vh)


def pinv_vjp(xp: Any, g: Any, y: Any, x: Any, *, rtol: Any) -> Any:
    """-yᵀ g yᵀ + (1 - x y) gᵀ y yᵀ + yᵀ y gᵀ (1 - y x), as long as the rank stays.

    G. Golub and V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate, 1973.
    """
    gt, yt = xp.matrix_transpose(g), xp.matrix_transpose(y)
    left = xp.matmul(xp.matmul(gt, y), yt)
    right = xp.matmul(xp.matmul(yt, y), gt)
    return (
        (left - xp.matmul(x, xp.matmul(y, left)))
        + (right - xp.matmul(xp.matmul(right, y), x))
        - xp.matmul(xp.matmul(yt, g), yt)
    )


_svd = several(
    "svd",
    lambda xp, x, *, full_matrices: xp.linalg.svd(x, full_matrices=full_matrices),
    U=u_vjp,
    S=s_vjp,
    Vh=vh_vjp,
)
_svdvals = primitive("svdvals", svdvals_vjp, forward=lambda xp, x: xp.linalg.svdvals(x))
_pinv = primitive("pinv", pinv_vjp, forward=lambda xp, x, *, rtol: xp.linalg.pinv(x, rtol=rtol))
_matrix_rank = primitive(
    "matrix_rank",
    None,
    forward=lambda xp, x, *, rtol: xp.linalg.matrix_rank(x, rtol=rtol),
    constant=True,
)


def svd(x: Tensor, /, *, full_matrices: bool = True) -> Any:
    """`(U, S, Vh)` with x = U S Vh: orthonormal columns, descending values, orthonormal rows.

    With `full_matrices` U and Vh are square; the vectors that this adds are arbitrary, so the one
    that received some has no derivative. Where singular values coincide, or are 0, the derivative
    of the vectors is inf or nan; that of the values is right.
    """
    return _svd(as_matrices("svd", x), full_matrices=full_matrices)


def svdvals(x: Tensor, /) -> Tensor:
    """The singular values, descending."""
    return _svdvals(as_matrices("svdvals", x))


def pinv(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
    """The Moore-Penrose inverse; singular values below `rtol` times the largest count as 0.

    `rtol` (one for each matrix of a stack, if it is a Tensor) is a constant: max(M, N) eps unless
    given. The derivative is that among matrices of the same rank.
    """
    return _pinv(as_matrices("pinv", x), rtol=constant(rtol))


def matrix_rank(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
    """How many singular values exceed `rtol` times the largest: integers, without a derivative."""
    x = as_matrices("matrix_rank", x)
    if 0 in x.shape[-2:]:
        return namespace.zeros(x.shape[:-2], dtype=namespace.int64, device=x.device)
    return _matrix_rank(x, rtol=constant(rtol))


def constant(rtol: float | Tensor | None) -> Any:
    """A tolerance as the backend takes it."""
    return rtol.data if isinstance(rtol, Tensor) else rtol
