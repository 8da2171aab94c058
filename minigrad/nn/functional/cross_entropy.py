"""Cross entropy: minus the logarithm of the probability that is given to what is true."""

from __future__ import annotations

from ... import special
from ...dtypes import as_floating
from ...statistics import widen
from ...tensor import Tensor
from ...tensor import namespace as mg
from .class_loss import class_loss, class_weighted, cross_entropy_with_labels
from .labels import check_labels
from .loss import check_reduction, reduce

__all__ = ["cross_entropy", "nll_loss"]


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
    inputs, how = with_labels("nll_loss", input, target, weight, ignore_index)
    loss = class_loss(mg, *inputs, label_smoothing=0.0, reduction=reduction, **how)
    return rounded(loss, input)


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
    if target.dtype.kind == "f":
        return with_probabilities(name, input, target, weight, reduction, label_smoothing)
    inputs, how = with_labels(name, input, target, weight, ignore_index)
    loss, _ = cross_entropy_with_labels.apply(
        *inputs, label_smoothing=label_smoothing, reduction=reduction, **how
    )
    return rounded(loss, input)


def with_labels(
    name: str, input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[tuple[Tensor, Tensor, Tensor | None], dict[str, int]]:
    """The inputs of a loss of class labels, checked, and which of them say what."""
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
    if target.dtype != "int64":
        target = mg.astype(target, mg.int64)
    if weight is not None and weight.dtype.kind != "f":
        weight = mg.astype(weight, input.dtype)
    return (widen(mg, as_floating(input)), target, weight), {
        "axis": axis,
        "ignore_index": ignore_index,
    }


def with_probabilities(
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    label_smoothing: float,
) -> Tensor:
    axis = class_axis(name, input)
    if target.shape != input.shape:
        raise ValueError(
            f"{name}: target {target.shape} for input {input.shape}: probabilities have the "
            "input's shape, class indices are integers"
        )
    check_class_weight(name, weight, input.shape[axis])
    log_p = special.log_softmax(input, axis=axis)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / log_p.shape[axis]
    losses = -mg.sum(class_weighted(mg, log_p * target, weight, axis), axis=axis)
    return reduce(name, losses, reduction)


def rounded(loss: Tensor, input: Tensor) -> Tensor:
    """The loss of float16 in float16, which it was not computed in: long sums would overflow."""
    halves = input.dtype.itemsize == 2 and loss.dtype.itemsize == 4 and input.dtype.kind == "f"
    return mg.astype(loss, input.dtype) if halves else loss


def class_axis(name: str, input: Tensor) -> int:
    """The axis of classes: the only one, or the one after the samples."""
    if input.ndim == 0:
        raise ValueError(f"{name}: input {input.shape}: expected (C,), (N, C) or (N, C, ...)")
    return 0 if input.ndim == 1 else 1


def check_class_weight(name: str, weight: Tensor | None, classes: int) -> None:
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"{name}: weight has shape {weight.shape}, expected ({classes},)")
