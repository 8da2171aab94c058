"""Eigenvalues and eigenvectors of symmetric matrices.

The gradient that arrives at a symmetric matrix is symmetric. Eigenvalues have one wherever they
are; eigenvectors only where the eigenvalues are distinct: 1 / (w_j - w_i) stands in it.
"""

from __future__ import annotations

from typing import Any

from ...outputs import several
from ...primitive import primitive
from ...tensor import Tensor
from .matrices import as_square, identity_like

__all__ = ["eigh", "eigvalsh"]


def from_eigenvalues(xp: Any, g: Any, v: Any) -> Any:
    """V diag(g) Vᵀ: an eigenvalue moves with the matrix seen along its vector."""
    return xp.matmul(v * xp.expand_dims(g, axis=-2), xp.matrix_transpose(v))


def eigenvectors_vjp(xp: Any, g: Any, y: Any, outputs: Any, x: Any) -> Any:
    """V (skew(Vᵀ g) / gaps) Vᵀ, and each gap w_j - w_i.

    M. Giles, Collected matrix derivative results for forward and reverse mode algorithmic
    differentiation, 2008; symmetrised.
    """
    w, v = outputs
    transposed = xp.matrix_transpose(v)
    product = xp.matmul(transposed, g)
    skew = (product - xp.matrix_transpose(product)) / 2
    # The identity keeps the diagonal, where skew is 0, from 0 / 0.
    gaps = xp.expand_dims(w, axis=-2) - xp.expand_dims(w, axis=-1) + identity_like(xp, v)
    return xp.matmul(xp.matmul(v, skew / gaps), transposed)


_eigh = several(
    "eigh",
    lambda xp, x: xp.linalg.eigh(x),
    eigenvalues=lambda xp, g, y, outputs, x: from_eigenvalues(xp, g, outputs[1]),
    eigenvectors=eigenvectors_vjp,
)
_eigvalsh = primitive(
    "eigvalsh",
    lambda xp, g, y, x: from_eigenvalues(xp, g, xp.linalg.eigh(x)[1]),
    forward=lambda xp, x: xp.linalg.eigvalsh(x),
)


def eigh(x: Tensor, /) -> Any:
    """`(eigenvalues, eigenvectors)` of symmetric matrices, the values ascending.

    The vectors are the columns. Where eigenvalues coincide the vectors are arbitrary, and their
    derivative is inf or nan; that of the values is right. Raises ValueError if x is not square.
    """
    return _eigh(as_square("eigh", x))


def eigvalsh(x: Tensor, /) -> Tensor:
    """The eigenvalues of symmetric matrices, ascending. Raises ValueError if x is not square."""
    return _eigvalsh(as_square("eigvalsh", x))
