"""Cross entropy with class labels on NumPy: two arrays of its size forward, one backward."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .softmax_blocks import log_softmax

__all__ = ["compiled_vjp", "cross_entropy", "cross_entropy_vjp"]

LEAST = 512
"""From so many logits on numba is worth its call."""

LARGE = 65536
"""So many logits are better gone over in blocks, by several threads."""

add_reduce: Any = np.add.reduce
maximum_reduce: Any = np.maximum.reduce


def cross_entropy(
    x: Any,
    target: Any,
    weight: Any,
    *,
    axis: int,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Any:
    """The loss and log p."""
    if not taken(x, weight, label_smoothing):
        return NotImplemented
    if x.size < LARGE:
        log_p = np.subtract(x, maximum_reduce(x, axis, None, None, True), order="C")
        log_p -= np.log(add_reduce(np.exp(log_p), axis, None, None, True))
    else:
        log_p = log_softmax(x, axis=axis)
    losses = log_p.take(places(log_p, target))
    if label_smoothing:
        losses *= 1 - label_smoothing
        losses += (label_smoothing / x.shape[axis]) * add_reduce(log_p, axis)
    if weight is not None:
        losses *= weight.take(target, mode="clip")
    counts = target != ignore_index
    if np.count_nonzero(counts) < target.size:
        losses[~counts] = 0
    np.negative(losses, losses)
    if reduction == "none":
        return losses, log_p
    total = add_reduce(losses, None)
    return total / divisor(target, weight, counts) if reduction == "mean" else total, log_p


def cross_entropy_vjp(
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
    """(p - q) g, in the array of p."""
    (log_p,) = residuals
    if not taken(log_p, weight, label_smoothing):
        return NotImplemented
    counts = target != ignore_index
    if reduction == "mean":
        g = g / divisor(target, weight, counts)
    if weight is not None:
        g = g * weight.take(target, mode="clip")
    if np.count_nonzero(counts) < target.size:
        g = np.where(counts, g, g.dtype.type(0))
    p = np.exp(log_p, order="C")
    if label_smoothing:
        p -= label_smoothing / log_p.shape[axis]
    p.reshape(-1)[places(p, target)] -= 1 - label_smoothing
    p *= np.expand_dims(g, axis) if g.ndim else g
    return p


def compiled_vjp(g: Any, y: Any, residuals: Any, *inputs: Any, **how: Any) -> Any:
    """numba's, where there is enough to do: g may be one number, and its size says nothing."""
    if residuals[0].size < LEAST:
        return NotImplemented
    try:
        from .cross_entropy_loops import cross_entropy_vjp
    except ImportError:  # as the kernel of the forward has said
        return NotImplemented
    return cross_entropy_vjp(g, y, residuals, *inputs, **how)


def taken(x: Any, weight: Any, label_smoothing: float) -> bool:
    """Whether the kernels take the call: a batch of something, and smoothing comes unweighted."""
    plain = weight is None or (weight.dtype == x.dtype and not label_smoothing)
    return plain and x.size > 0 and x.ndim > 1


def places(x: Any, target: Any) -> Any:
    """Where in `x`, seen as one row, the targets' classes are; some class where one names none."""
    samples, classes, *size = x.shape
    known = np.minimum(np.maximum(target, 0), classes - 1)
    if size:
        inner = math.prod(size)
        known *= inner
        known += np.arange(inner).reshape(size)
    starts = np.arange(0, x.size, x.size // samples)
    known += starts if not size else starts.reshape(-1, *[1] * len(size))
    return known


def divisor(target: Any, weight: Any, counts: Any) -> Any:
    """The sum of the weights of the classes of the targets that count."""
    if weight is None:
        return int(np.count_nonzero(counts))
    return add_reduce(np.where(counts, weight.take(target, mode="clip"), 0), None)
