"""Products of matrices and vectors. Batch axes broadcast; `matmul` un-broadcasts them itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...broadcasting import unbroadcast
from ...primitive import primitive
from ...tensor import Tensor, namespace
from ..axes import axes_of, require_matrices
from ..shapes import permute_dims

__all__ = ["cross", "matmul", "matrix_transpose", "outer", "tensordot", "vecdot"]


def matmul_vjp_a(xp: Any, g: Any, y: Any, a: Any, b: Any) -> Any:
    """g bᵀ, with a vector as a matrix of one row or column."""
    if a.ndim == b.ndim == 2:
        return xp.matmul(g, xp.matrix_transpose(b))
    if a.ndim == 1 or b.ndim == 1:
        if a.ndim == b.ndim:
            return g * b
        if a.ndim == 1:
            g = xp.expand_dims(g, axis=-2)
        else:
            g, b = xp.expand_dims(g, axis=-1), xp.expand_dims(b, axis=-1)
    return unbroadcast(xp, xp.matmul(g, xp.matrix_transpose(b)), a.shape)


def matmul_vjp_b(xp: Any, g: Any, y: Any, a: Any, b: Any) -> Any:
    """aᵀ g, with a vector as a matrix of one row or column."""
    if a.ndim == b.ndim == 2:
        return xp.matmul(xp.matrix_transpose(a), g)
    if a.ndim == 1 or b.ndim == 1:
        if a.ndim == b.ndim:
            return g * a
        if a.ndim == 1:
            g, a = xp.expand_dims(g, axis=-2), xp.expand_dims(a, axis=-2)
        else:
            product = xp.matmul(xp.matrix_transpose(a), xp.expand_dims(g, axis=-1))
            return xp.reshape(unbroadcast(xp, product, (*b.shape, 1)), b.shape)
    return unbroadcast(xp, xp.matmul(xp.matrix_transpose(a), g), b.shape)


def diagnose_matmul(a: Any, b: Any) -> str | None:
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)) or not (a.ndim and b.ndim):
        return "expected Tensors of at least one dimension"
    inner = a.shape[-1], b.shape[-2 if b.ndim > 1 else -1]
    if inner[0] != inner[1]:
        return f"{a.shape} @ {b.shape}: inner dimensions {inner[0]} and {inner[1]} differ"
    return f"{a.shape} @ {b.shape}: batch dimensions do not broadcast"


matmul = primitive(
    "matmul", matmul_vjp_a, matmul_vjp_b, promotes=True, diagnose=diagnose_matmul, complex=True
)
_matrix_transpose = primitive(
    "matrix_transpose", lambda xp, g, y, x: xp.matrix_transpose(g), complex=True
)


def matrix_transpose(x: Tensor, /) -> Tensor:
    """x with its last two axes swapped."""
    require_matrices("matrix_transpose", x.shape)
    return _matrix_transpose(x)


def tensordot(
    x1: Tensor, x2: Tensor, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> Tensor:
    """The sum of products over paired axes: the last n of x1 with the first n of x2, or lists."""
    if isinstance(axes, int):
        pairs = tuple(range(x1.ndim - axes, x1.ndim)), tuple(range(axes))
    else:
        pairs = axes_of(tuple(axes[0]), x1.ndim), axes_of(tuple(axes[1]), x2.ndim)
    sizes = tuple(tuple(x.shape[a] for a in p) for x, p in zip((x1, x2), pairs, strict=True))
    if sizes[0] != sizes[1]:
        raise ValueError(
            f"tensordot: {x1.shape} and {x2.shape} over axes {pairs[0]} and {pairs[1]}: sizes "
            f"{sizes[0]} and {sizes[1]} differ"
        )
    free = [
        tuple(a for a in range(x.ndim) if a not in p) for x, p in zip((x1, x2), pairs, strict=True)
    ]
    rows = tuple(x1.shape[a] for a in free[0])
    columns = tuple(x2.shape[a] for a in free[1])
    n = math.prod(sizes[0])
    left = namespace.reshape(permute_dims(x1, free[0] + pairs[0]), (math.prod(rows), n))
    right = namespace.reshape(permute_dims(x2, pairs[1] + free[1]), (n, math.prod(columns)))
    return namespace.reshape(matmul(left, right), rows + columns)


def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """The dot product along `axis`, of conj(x1) with x2; the other axes broadcast."""
    if x1.shape[axis] != x2.shape[axis]:
        raise ValueError(
            f"vecdot: {x1.shape} and {x2.shape}: axis {axis} has sizes {x1.shape[axis]} and "
            f"{x2.shape[axis]}"
        )
    if x1.dtype.kind == "c":
        x1 = namespace.conj(x1)
    products = x1 * x2
    return namespace.sum(products, axis=axis, dtype=products.dtype)


def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """All products of an element of the vector x1 with one of the vector x2."""
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"outer: expected vectors, got shapes {x1.shape} and {x2.shape}")
    return namespace.expand_dims(x1, axis=1) * namespace.expand_dims(x2, axis=0)


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """The vector product of vectors of three elements along `axis`; the other axes broadcast."""
    for x in (x1, x2):
        if not -x.ndim <= axis < x.ndim or x.shape[axis] != 3:
            raise ValueError(
                f"cross: {x1.shape} and {x2.shape}: axis {axis} has to have size 3 in both"
            )
    roll = namespace.roll
    ahead = roll(x1, -1, axis=axis) * roll(x2, -2, axis=axis)
    return ahead - roll(x1, -2, axis=axis) * roll(x2, -1, axis=axis)
