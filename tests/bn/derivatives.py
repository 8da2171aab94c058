"""First and second derivatives of functions of Tensors, as NumPy arrays; and batch norm as such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad_bn.training import batch_norm_training

from .cases import Case

__all__ = ["composed", "composition", "derivatives", "flat", "leaf", "training", "values"]

Derivatives = tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]


def leaf(x: Any, device: Any) -> mg.Tensor:
    """`x` as a Tensor that requires grad; on NumPy it shares memory, strides and read-only flag."""
    return mg.asarray(x, device=device, requires_grad=True)


def values(x: mg.Tensor) -> np.ndarray:
    return x.detach().numpy()


def derivatives(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    g: Any,
    directions: Sequence[Any] | None = None,
    device: Any = "cpu",
) -> Derivatives:
    """f's value, its gradients under the cotangent `g`, and the derivatives of those.

    The last are of sum_i <direction_i, gradient_i>, by each input and by g; none without
    `directions`.
    """
    leaves = [leaf(x, device) for x in inputs]
    cotangent = leaf(g, device)
    y = f(*leaves)
    if directions is None:
        first = mg.autograd.grad(y, leaves, cotangent)
        return values(y), [values(a) for a in first], []
    first = mg.autograd.grad(y, leaves, cotangent, create_graph=True)
    fixed = [mg.asarray(d, device=device) for d in directions]
    second = mg.autograd.grad(first, [*leaves, cotangent], fixed, allow_unused=True)
    zeros = [np.zeros(x.shape, x.dtype) for x in (*inputs, g)]
    return (
        values(y),
        [values(a) for a in first],
        [z if s is None else values(s) for s, z in zip(second, zeros, strict=True)],
    )


def flat(found: Derivatives) -> list[np.ndarray]:
    """Value and derivatives in one list."""
    y, first, second = found
    return [y, *first, *second]


def training(case: Case) -> Callable[..., mg.Tensor]:
    """The primitive, as a function of (x, weight, bias)."""
    return lambda x, w, b: batch_norm_training(x, w, b, axes=case.axes, eps=case.eps)[0]


def composed(case: Case) -> Callable[..., mg.Tensor]:
    """The same out of minigrad's own primitives."""
    return lambda x, w, b: composition(x, w, b, axes=case.axes, eps=case.eps)


def composition(
    x: Any,
    weight: Any = None,
    bias: Any = None,
    mask: Any = None,
    *,
    axes: tuple[int, ...],
    eps: float,
) -> mg.Tensor:
    """Batch norm as a user would write it."""
    shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    if mask is None:
        mean = mg.mean(x, axis=axes, keepdims=True)
        var = mg.mean((x - mean) ** 2, axis=axes, keepdims=True)
    else:
        w = mg.broadcast_to(mg.astype(mask, x.dtype), x.shape)
        all_of_it = mg.sum(w, axis=axes, keepdims=True)
        share = w / mg.where(all_of_it > 0, all_of_it, 1.0)
        mean = mg.sum(share * x, axis=axes, keepdims=True)
        var = mg.sum(share * (x - mean) ** 2, axis=axes, keepdims=True)
    y = (x - mean) / mg.sqrt(var + eps)
    y = y if weight is None else y * mg.reshape(weight, shape)
    y = y if bias is None else y + mg.reshape(bias, shape)
    return y if mask is None else mg.where(mg.astype(mask, mg.bool), y, 0.0)
