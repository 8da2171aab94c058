"""The loss of class labels, over xp, and cross entropy as one operation with its rules.

A target asks for its own class, with label smoothing for all classes a little, and for nothing if
it is ignored. With q what it asks of each class, times the weights of the classes, and p the
softmax of the input, the loss is -sum(q log p), and its gradient sum(q) p - q. A mean divides by
the weights of the classes of all targets.
"""

from __future__ import annotations

from typing import Any

from ...extend import kernel
from ...ops.softmax import log_softmax_primitive
from ...primitive import primitive

__all__ = ["class_loss", "class_weighted", "cross_entropy_with_labels"]


def class_loss(
    xp: Any,
    log_p: Any,
    target: Any,
    weight: Any,
    *,
    axis: int,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Any:
    """The loss of each target, their sum or mean, from the logarithms of the probabilities."""
    scores = class_weighted(xp, log_p, weight, axis)
    losses = -xp.sum(asked(xp, scores, target, axis, ignore_index, label_smoothing), axis=axis)
    if reduction == "none":
        return losses
    total = xp.sum(losses)
    if reduction == "sum":
        return total
    return total / divisor(xp, log_p, target, weight, axis, ignore_index)


def asked(
    xp: Any, scores: Any, target: Any, axis: int, ignore_index: int, label_smoothing: float
) -> Any:
    """The part of the score of each class, along `axis`, that the target asks for.

    It is 0 where the target asks for nothing: an infinite score does no harm there.
    """
    classes = scores.shape[axis]
    label = xp.expand_dims(target, axis=axis)
    counts = label != ignore_index
    numbers = xp.arange(classes, dtype=xp.int64, device=target.device)
    numbers = xp.reshape(numbers, (classes, *[1] * (scores.ndim - axis - 1)))
    own = xp.where(xp.logical_and(label == numbers, counts), scores, 0.0)
    if not label_smoothing:
        return own
    everywhere = xp.where(counts, scores, 0.0)
    return (1 - label_smoothing) * own + (label_smoothing / max(classes, 1)) * everywhere


def class_weighted(xp: Any, scores: Any, weight: Any, axis: int) -> Any:
    """The score of each class, along `axis`, times its weight if there are weights."""
    if weight is None:
        return scores
    return scores * xp.reshape(weight, (scores.shape[axis], *[1] * (scores.ndim - axis - 1)))


def divisor(xp: Any, log_p: Any, target: Any, weight: Any, axis: int, ignore_index: int) -> Any:
    """The sum of the weights of the targets' classes."""
    each = class_weighted(xp, xp.ones_like(log_p), weight, axis)
    return xp.sum(asked(xp, each, target, axis, ignore_index, 0.0))


def cross_entropy_forward(
    xp: Any, x: Any, target: Any, weight: Any, *, axis: int, **how: Any
) -> tuple[Any, Any]:
    """The loss and, as residual, log p."""
    log_p = x if 0 in x.shape else log_softmax_primitive.over(xp)(x, axis=axis)
    return class_loss(xp, log_p, target, weight, axis=axis, **how), log_p


def cross_entropy_vjp(
    xp: Any,
    g: Any,
    y: Any,
    residuals: Any,
    x: Any,
    target: Any,
    weight: Any,
    *,
    axis: int,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Any:
    """(sum(q) p - q) g."""
    (log_p,) = residuals
    g = for_each_class(xp, g, log_p, target, weight, axis, ignore_index, reduction)
    q = asked(xp, class_weighted(xp, g, weight, axis), target, axis, ignore_index, label_smoothing)
    return xp.sum(q, axis=axis, keepdims=True) * xp.exp(log_p) - q


def cross_entropy_vjp_weight(
    xp: Any,
    g: Any,
    y: Any,
    residuals: Any,
    x: Any,
    target: Any,
    weight: Any,
    *,
    axis: int,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Any:
    """-sum(log p g) over what is asked of each class; it divides a mean as well: -sum(y g)."""
    (log_p,) = residuals
    g = for_each_class(xp, g, log_p, target, weight, axis, ignore_index, reduction)
    gradient = -asked(xp, log_p * g, target, axis, ignore_index, label_smoothing)
    if reduction == "mean":
        gradient = gradient - asked(xp, y * g, target, axis, ignore_index, 0.0)
    return xp.sum(gradient, axis=tuple([a for a in range(log_p.ndim) if a != axis]))


def for_each_class(
    xp: Any,
    g: Any,
    log_p: Any,
    target: Any,
    weight: Any,
    axis: int,
    ignore_index: int,
    reduction: str,
) -> Any:
    """The gradient of each loss, as many times as there are classes."""
    if reduction == "mean":
        g = g / divisor(xp, log_p, target, weight, axis, ignore_index)
    return xp.ones_like(log_p) * (xp.expand_dims(g, axis=axis) if reduction == "none" else g)


cross_entropy_with_labels = primitive(
    "cross_entropy",
    cross_entropy_vjp,
    None,
    cross_entropy_vjp_weight,
    forward=cross_entropy_forward,
    residuals=True,
    optional=True,
    wrapped=True,
)

at = "minigrad.kernels.cross_entropy"
kernel(cross_entropy_with_labels, "numpy", f"{at}:cross_entropy")
kernel(cross_entropy_with_labels, "numpy", f"{at}:cross_entropy_vjp", rule=0)
kernel(
    cross_entropy_with_labels, "numpy", f"{at}_loops:cross_entropy",
    library="numba", dtypes=("float32",), least=512,
)  # fmt: skip
kernel(
    cross_entropy_with_labels, "numpy", f"{at}:compiled_vjp",
    rule=0, library="numba", dtypes=("float32",),
)  # fmt: skip
