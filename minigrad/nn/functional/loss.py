"""Losses: how far predictions are from targets.

Each has a `reduction`: "mean" (the default), "sum", or "none" for a loss an element.
"""

from __future__ import annotations

import math
from typing import Any

from ... import special
from ...primitive import primitive
from ...tensor import Tensor
from ...tensor import namespace as mg

__all__ = [
    "binary_cross_entropy_with_logits",
    "l1_loss",
    "mse_loss",
    "reduce",
    "smooth_l1_loss",
]


def reduce(name: str, losses: Tensor, reduction: str) -> Tensor:
    """The mean or sum of `losses`, or they themselves. Raises ValueError for another reduction."""
    check_reduction(name, reduction)
    if reduction == "mean":
        return mg.mean(losses)
    return mg.sum(losses) if reduction == "sum" else losses


def check_reduction(name: str, reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction is {reduction!r}, expected 'mean', 'sum' or 'none'")


def check_shapes(name: str, input: Tensor, target: Tensor) -> None:
    """Raise ValueError unless the shapes are equal: to broadcast here is hardly ever meant."""
    if input.shape != target.shape:
        raise ValueError(
            f"{name}: input {input.shape} and target {target.shape} differ in shape; reshape one"
        )


def squared_error_forward(xp: Any, x: Any, target: Any, *, reduction: str) -> Any:
    difference = x - target
    squares = difference * difference
    if reduction == "none":
        return squares
    total = xp.sum(squares)
    return total if reduction == "sum" else total / math.prod(squares.shape)


def squared_error_vjp(xp: Any, g: Any, y: Any, x: Any, target: Any, *, reduction: str) -> Any:
    """Twice the difference, shared by the elements of a mean."""
    share = 2 / max(1, math.prod(x.shape)) if reduction == "mean" else 2.0
    return g * share * (x - target)


# One operation for the loss that small nets are trained with: a third of the nodes.
squared_error = primitive(
    "squared_error",
    squared_error_vjp,
    lambda xp, g, y, x, target, *, reduction: (
        -squared_error_vjp(xp, g, y, x, target, reduction=reduction)
    ),
    forward=squared_error_forward,
    wrapped=True,
)


def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The squares of the differences. Raises ValueError unless the shapes are equal."""
    check_shapes("mse_loss", input, target)
    check_reduction("mse_loss", reduction)
    if input.data.dtype != target.data.dtype:
        target = mg.astype(target, input.dtype)
    return squared_error.apply(input, target, reduction=reduction)


def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The absolute differences. Raises ValueError unless the shapes are equal."""
    check_shapes("l1_loss", input, target)
    return reduce("l1_loss", mg.abs(input - target), reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """Half the squared difference over `beta` where it is below beta, else |difference| - beta/2.

    Raises ValueError unless the shapes are equal and beta is not negative.
    """
    check_shapes("smooth_l1_loss", input, target)
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta is {beta}, expected at least 0")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    difference = input - target
    distance = mg.abs(difference)
    near = mg.square(difference) * (0.5 / beta)
    losses = mg.where(distance < beta, near, distance - 0.5 * beta)
    return reduce("smooth_l1_loss", losses, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-log of the probability that sigmoid(input) gives the target, a number between 0 and 1.

    Without overflow: with z the input and t the target, (1 - t) z + p softplus(-z), where
    p = 1 + (pos_weight - 1) t; times `weight`. Raises ValueError unless input and target are equal
    in shape and the weights broadcast to it, TypeError for integer targets.
    """
    name = "binary_cross_entropy_with_logits"
    check_shapes(name, input, target)
    if target.dtype.kind != "f":
        raise TypeError(
            f"{name}: target is {target.dtype}, expected probabilities; use "
            f"x.astype(mg.{input.dtype})"
        )
    surprise = special.softplus(-input)
    if pos_weight is not None:
        surprise = (1 + (pos_weight - 1) * target) * surprise
    losses = (1 - target) * input + surprise
    if weight is not None:
        losses = losses * weight
    if losses.shape != input.shape:
        raise ValueError(f"{name}: weights broadcast input {input.shape} to {losses.shape}")
    return reduce(name, losses, reduction)
