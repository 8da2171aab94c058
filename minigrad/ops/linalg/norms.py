"""Norms of vectors and matrices. Ties share the gradient; at the origin it is 0."""

from __future__ import annotations

import math

from ...dtypes import as_floating
from ...tensor import Tensor, namespace
from ..axes import Axis, count_of
from .matrices import as_matrices
from .singular import svdvals

__all__ = ["matrix_norm", "vector_norm"]


def vector_norm(
    x: Tensor, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2
) -> Tensor:
    """The ord-norm over `axis`. Its derivative at the origin is 0."""
    x = as_floating(x)
    if ord == math.inf and count_of(x.shape, axis):
        return namespace.max(abs(x), axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return namespace.min(abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return namespace.sum(namespace.astype(x != 0, abs(x).dtype), axis=axis, keepdims=keepdims)
    if ord in (1, math.inf):
        return namespace.sum(abs(x), axis=axis, keepdims=keepdims)
    powers = abs(x) ** ord
    if 0 < ord < 2:
        # |x|^ord has no second derivative at 0, or not even a first: such elements stay out.
        powers = namespace.where(x == 0, 0.0, namespace.where(x == 0, 1.0, abs(x)) ** ord)
    powers = namespace.sum(powers, axis=axis, keepdims=keepdims)
    # At the origin the root has no slope: the inner `where` keeps it out of the derivative.
    zero = powers == 0
    return namespace.where(zero, 0.0, namespace.where(zero, 1.0, powers) ** (1 / ord))


def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: float | str = "fro") -> Tensor:
    """The norm of matrices.

    "fro" is Frobenius's, the root of the sum of squares; "nuc" the sum of the singular values, 2
    the largest and -2 the smallest of them; 1 the largest sum of magnitudes in a column and inf
    in a row, -1 and -inf the smallest. Raises ValueError for another `ord`.
    """
    x = as_matrices("matrix_norm", x)
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in (1, -1, math.inf, -math.inf):
        summed, compared = (-2, -1) if ord in (1, -1) else (-1, -2)
        y = extremum(namespace.sum(abs(x), axis=summed, keepdims=True), ord, compared)
    elif ord in ("nuc", 2, -2):
        values = namespace.expand_dims(svdvals(x), axis=-1)
        nuclear = ord == "nuc"
        y = namespace.sum(values, axis=-2, keepdims=True) if nuclear else extremum(values, ord, -2)
    else:
        raise ValueError(
            f"matrix_norm: ord is {ord!r}, expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    return y if keepdims else namespace.squeeze(y, axis=(-2, -1))


def extremum(x: Tensor, ord: float | str, axis: int) -> Tensor:
    """The largest along `axis` for a positive ord, 0 if there is none; the smallest otherwise."""
    if x.shape[axis] == 0 and float(ord) > 0:
        return namespace.sum(x, axis=axis, keepdims=True)
    return (namespace.max if float(ord) > 0 else namespace.min)(x, axis=axis, keepdims=True)
