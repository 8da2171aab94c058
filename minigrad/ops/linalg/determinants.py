"""Determinants, and their logarithms."""

from __future__ import annotations

import math
from typing import Any

from ...outputs import several
from ...primitive import primitive
from ...tensor import Tensor
from ..reductions import product_of_others
from .matrices import as_square, as_stack, blocked, identity_like

__all__ = ["det", "slogdet"]


def det_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    """g times the cofactors of x, which are y x⁻ᵀ if x has an inverse.

    A small y is no harm: it comes of the same pivots as the inverse, and their errors cancel.
    Complex singular values have no derivative, and a complex x without an inverse gets nan.
    """
    g, y = as_stack(xp, g), as_stack(xp, y)
    singular = y == 0
    inverse = xp.linalg.inv(blocked(xp, singular, x))
    real = xp.isdtype(x.dtype, "real floating")
    cofactors = singular_cofactors(xp, x, singular) if real else math.nan
    return g * xp.where(singular, cofactors, y * xp.matrix_transpose(inverse))


def singular_cofactors(xp: Any, x: Any, singular: Any) -> Any:
    """The cofactors of the singular matrices in the stack, from their singular values.

    x = U S Vᵀ has the cofactors det(U) det(V) U S' Vᵀ, and S' holds the products of all singular
    values but one: no division, so any number of them may be 0.
    """
    counting = xp.arange(1, x.shape[-1] + 1, dtype=x.dtype, device=x.device)
    u, s, vh = xp.linalg.svd(
        xp.where(singular, x, counting * identity_like(xp, x)), full_matrices=False
    )
    orientation = xp.sign(xp.linalg.det(u) * xp.linalg.det(vh))
    others = xp.expand_dims(product_of_others(xp, s), axis=-2)
    return as_stack(xp, orientation) * xp.matmul(u * others, vh)


def logabsdet_vjp(xp: Any, g: Any, y: Any, outputs: Any, x: Any) -> Any:
    """g x⁻ᵀ; nan where x is singular, and the logarithm -inf."""
    _, logabsdet = outputs
    singular = as_stack(xp, logabsdet) == -math.inf
    inverse = xp.linalg.inv(blocked(xp, singular, x))
    return as_stack(xp, g) * xp.where(singular, math.nan, xp.matrix_transpose(inverse))


_det = primitive("det", det_vjp, forward=lambda xp, x: xp.linalg.det(x), complex=True)
_slogdet = several(
    "slogdet",
    lambda xp, x: xp.linalg.slogdet(x),
    sign=lambda xp, g, y, outputs, x: xp.zeros_like(x),
    logabsdet=logabsdet_vjp,
)


def det(x: Tensor, /) -> Tensor:
    """The determinant of square matrices.

    Its derivative is right for singular matrices too, if they are real; for complex ones it is nan.
    """
    return _det(as_square("det", x))


def slogdet(x: Tensor, /) -> Any:
    """`(sign, logabsdet)`: the sign of the determinant, and the logarithm of its magnitude.

    For a singular matrix these are 0 and -inf, and the derivative is nan.
    """
    return _slogdet(as_square("slogdet", x))
