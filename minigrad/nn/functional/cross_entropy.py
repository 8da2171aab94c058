"""Cross entropy: minus the logarithm of the probability that is given to what is true."""

from __future__ import annotations

from typing import NamedTuple

from ... import special
from ...tensor import Tensor
from ...tensor import namespace as mg
from .labels import check_labels
from .loss import check_reduction, reduce

__all__ = ["cross_entropy", "nll_loss"]


class Labels(NamedTuple):
    """Class indices, as what a loss needs of them. All but `is_class` have the target's shape."""

    is_class: Tensor
    """Boolean, of the input's shape: true where the class is the target's."""
    counts: Tensor | None
    """False where the target is `ignore_index`; None if it is nowhere."""
    weight: Tensor | None
    """The weight of each target's class, 0 where it is ignored."""

    @classmethod
    def of(
        cls, name: str, input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
    ) -> Labels:
        axis = class_axis(name, input)
        classes = input.shape[axis]
        expected = (*input.shape[:axis], *input.shape[axis + 1 :])
        if target.shape != expected:
            raise ValueError(
                f"{name}: target {target.shape} for input {input.shape}: class indices have shape "
                f"{expected}"
            )
        check_class_weight(name, weight, classes)
        check_labels(name, "target", target, classes, IndexError, ignore_index)
        ignored = mg.equal(mg.astype(target, mg.int64), ignore_index)
        counts = mg.logical_not(ignored) if bool(mg.any(ignored)) else None
        label = target if counts is None else mg.where(counts, target, 0)
        numbers = mg.arange(classes, dtype=mg.int64, device=input.device)
        numbers = mg.reshape(numbers, (classes, *[1] * (input.ndim - axis - 1)))
        is_class = mg.expand_dims(mg.astype(label, mg.int64), axis=axis) == numbers
        own = None if weight is None else mg.take(weight, label, axis=0)
        if counts is not None:
            is_class = mg.logical_and(is_class, mg.expand_dims(counts, axis=axis))
            own = mg.astype(counts, input.dtype) if own is None else mg.where(counts, own, 0.0)
        return cls(is_class, counts, own)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Minus the input (log-probabilities) at the class that the target names.

    The input is (N, C), (C,) or (N, C, d1, ...), the target of integers without the axis C.
    `weight` (C,) weighs classes; "mean" divides by the sum of the weights of the targets. Targets
    equal to `ignore_index` count for nothing. Raises IndexError for another target outside the
    classes, TypeError unless it is of integers, ValueError for other shapes.
    """
    check_reduction("nll_loss", reduction)
    labels = Labels.of("nll_loss", input, target, weight, ignore_index)
    return averaged("nll_loss", chosen(input, labels), labels, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """`nll_loss` of log_softmax(input): the input holds unnormalised logits.

    A floating target of the input's shape holds a probability for each class instead of an index.
    `label_smoothing` moves that part of the target to all classes equally (Szegedy et al. 2016,
    "Rethinking the Inception architecture"). Raises as `nll_loss`.
    """
    name = "cross_entropy"
    check_reduction(name, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing is {label_smoothing}, expected 0 to 1")
    axis = class_axis(name, input)
    if target.dtype.kind == "f":
        if target.shape != input.shape:
            raise ValueError(
                f"{name}: target {target.shape} for input {input.shape}: probabilities have the "
                "input's shape, class indices are integers"
            )
        check_class_weight(name, weight, input.shape[axis])
        log_p = special.log_softmax(input, axis=axis)
        return with_probabilities(log_p, target, weight, reduction, label_smoothing, axis)
    labels = Labels.of(name, input, target, weight, ignore_index)
    log_p = special.log_softmax(input, axis=axis)
    losses = chosen(log_p, labels)
    if label_smoothing:
        uniform = -mg.sum(class_weighted(log_p, weight, axis), axis=axis)
        if labels.counts is not None:
            uniform = mg.where(labels.counts, uniform, 0.0)
        share = label_smoothing / input.shape[axis]
        losses = (1 - label_smoothing) * losses + share * uniform
    return averaged(name, losses, labels, reduction)


def chosen(log_p: Tensor, labels: Labels) -> Tensor:
    """Minus the log-probability of each target, weighted."""
    axis = class_axis("nll_loss", log_p)
    losses = -mg.sum(mg.where(labels.is_class, log_p, 0.0), axis=axis)
    return losses if labels.weight is None else losses * labels.weight


def averaged(name: str, losses: Tensor, labels: Labels, reduction: str) -> Tensor:
    """`losses` reduced; a mean divides by the weights of the targets."""
    if reduction != "mean" or labels.weight is None:
        return reduce(name, losses, reduction)
    return mg.sum(losses) / mg.sum(labels.weight)


def with_probabilities(
    log_p: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    label_smoothing: float,
    axis: int,
) -> Tensor:
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / log_p.shape[axis]
    losses = -mg.sum(class_weighted(log_p * target, weight, axis), axis=axis)
    return reduce("cross_entropy", losses, reduction)


def class_axis(name: str, input: Tensor) -> int:
    """The axis of classes: the only one, or the one after the samples."""
    if input.ndim == 0:
        raise ValueError(f"{name}: input {input.shape}: expected (C,), (N, C) or (N, C, ...)")
    return 0 if input.ndim == 1 else 1


def class_weighted(x: Tensor, weight: Tensor | None, axis: int) -> Tensor:
    """The values of each class, along `axis`, multiplied by its weight."""
    if weight is None:
        return x
    return x * mg.reshape(weight, (x.shape[axis], *[1] * (x.ndim - axis - 1)))


def check_class_weight(name: str, weight: Tensor | None, classes: int) -> None:
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"{name}: weight has shape {weight.shape}, expected ({classes},)")
