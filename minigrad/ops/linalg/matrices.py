"""What the functions of linear algebra ask of their arguments, and what their rules have in common.

Matrices are the last two axes of an array; the axes before them count a stack of matrices.
"""

from __future__ import annotations

from typing import Any

from ...dtypes import as_floating
from ...tensor import Tensor
from ..axes import require_matrices

__all__ = ["as_matrices", "as_square", "as_stack", "blocked", "identity_like"]


def as_matrices(name: str, x: Tensor) -> Tensor:
    """x as floating-point matrices. Raises ValueError if it has none, TypeError for float16."""
    require_matrices(name, x.shape)
    if x.dtype.kind == "f" and x.dtype.itemsize < 4:
        raise TypeError(
            f"{name}: {x.dtype} of shape {x.shape}: linear algebra has no half precision; "
            "use x.astype(mg.float32)"
        )
    return as_floating(x)


def as_square(name: str, x: Tensor) -> Tensor:
    """x as square floating-point matrices. Raises ValueError if they are not."""
    x = as_matrices(name, x)
    rows, columns = x.shape[-2:]
    if rows != columns:
        raise ValueError(
            f"{name}: expected square matrices, got {x.shape}: {rows} rows, {columns} columns"
        )
    return x


def as_stack(xp: Any, a: Any) -> Any:
    """Numbers, one for each matrix of a stack, so that they broadcast against the matrices."""
    return xp.reshape(a, (*a.shape, 1, 1))


def identity_like(xp: Any, x: Any) -> Any:
    """The identity of the size, dtype and device of square matrices."""
    return xp.eye(x.shape[-1], dtype=x.dtype, device=x.device)


def blocked(xp: Any, singular: Any, x: Any) -> Any:
    """The matrices of x, the identity in place of the singular ones.

    What is computed from it can't fail, or disturb the derivative of the rest.
    """
    return xp.where(singular, identity_like(xp, x), x)
