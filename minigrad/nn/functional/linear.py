"""The affine map, as one operation with its three derivatives."""

from __future__ import annotations

import math
from typing import Any

from ...primitive import primitive
from ...tensor import Tensor

__all__ = ["linear"]


def rows(xp: Any, a: Any) -> Any:
    """All axes but the last as one: a matrix with a row for each sample."""
    if len(a.shape) == 2:
        return a
    return xp.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))


def linear_forward(xp: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    if x.dtype != weight.dtype:
        raise TypeError("input and weight differ in dtype")
    y = xp.matmul(x, xp.matrix_transpose(weight))
    return y if bias is None else y + bias


def input_vjp(xp: Any, g: Any, y: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    return xp.matmul(g, weight)


def weight_vjp(xp: Any, g: Any, y: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    """The sum over the samples of the outer products of g and x."""
    return xp.matmul(xp.matrix_transpose(rows(xp, g)), rows(xp, x))


def bias_vjp(xp: Any, g: Any, y: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    return xp.sum(g, axis=tuple(range(len(g.shape) - 1)))


def diagnose_linear(x: Any, weight: Any, bias: Any = None) -> str | None:
    """Why the inputs do not fit."""
    if weight.ndim != 2 or (bias is not None and bias.shape != weight.shape[:1]):
        shape = None if bias is None else bias.shape
        return (
            f"weight {weight.shape} and bias {shape}: expected (out_features, in_features) and "
            "(out_features,)"
        )
    if x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        return (
            f"input {x.shape} with weight {weight.shape}: the last axis must be "
            f"in_features={weight.shape[1]}"
        )
    if x.dtype != weight.dtype:
        return f"input is {x.dtype}, weight is {weight.dtype}; convert one, as in x.astype(...)"
    return None


_linear = primitive(
    "linear",
    input_vjp,
    weight_vjp,
    bias_vjp,
    forward=linear_forward,
    complex=True,
    wrapped=True,
    diagnose=diagnose_linear,
)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The product input @ weight.T, plus bias: (..., in_features) becomes (..., out_features).

    `weight` is (out_features, in_features), `bias` (out_features,). Raises ValueError for other
    shapes, TypeError if input and weight differ in dtype.
    """
    inputs = (input, weight) if bias is None else (input, weight, bias)
    return _linear.apply(*inputs)
