"""Cross entropy with class labels, compiled for float32 logits (N, C): in one pass, and back.

Rows that stay in the cache are shifted, their exponentials taken at once, and then each row gets
its logarithm and its loss; see `softmax_loops`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiling import compiled
from .cross_entropy import divisor, taken
from .exponential import exp_into
from .memory import new_array
from .rows import contiguous, vector
from .softmax_loops import BLOCK, largest, total
from .threads import parallel_for, shared

__all__ = ["cross_entropy", "cross_entropy_vjp"]


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
    if x.ndim != 2 or not taken(x, weight, label_smoothing):
        return NotImplemented
    n, classes = x.shape
    log_p, losses, weights = new_array(x.shape, x.dtype), np.empty(n, x.dtype), np.empty(n)
    parallel_for(
        loss_rows, n, max(1, BLOCK // classes), contiguous(x, x.shape), contiguous(target, (n,)),
        vector(weight, classes, 1, x.dtype), ignore_index, float(label_smoothing),
        log_p, losses, weights, work=8 * x.size,
    )  # fmt: skip
    if reduction == "none":
        return losses, log_p
    loss = np.add.reduce(losses)
    return loss / float(np.add.reduce(weights)) if reduction == "mean" else loss, log_p


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
    """(p - q) g."""
    (log_p,) = residuals
    if log_p.ndim != 2 or log_p.dtype != g.dtype or not taken(log_p, weight, label_smoothing):
        return NotImplemented
    n, classes = log_p.shape
    if reduction == "mean":
        g = g / divisor(target, weight, target != ignore_index)
    each = contiguous(g, (n,)) if reduction == "none" else np.full(n, g, log_p.dtype)
    by_x = new_array(log_p.shape, log_p.dtype)
    parallel_for(
        gradient_rows, n, max(1, BLOCK // classes), each, contiguous(log_p, log_p.shape),
        contiguous(target, (n,)), vector(weight, classes, 1, log_p.dtype), ignore_index,
        float(label_smoothing), by_x, work=8 * log_p.size,
    )  # fmt: skip
    return by_x


@shared
@compiled
def loss_rows(first, last, step, x, target, weight, ignored, smoothing, log_p, losses, weights):
    m, bits, number = x.shape[1], x.view(np.int32), x.dtype.type
    own, all_of_them = number(1 - smoothing), number(smoothing / m)
    e = np.empty((step, m), x.dtype)
    for i in range(first, last, step):
        j = min(i + step, last)
        for r in range(i, j):
            top = largest(bits[r])
            for k in range(m):
                log_p[r, k] = x[r, k] - top
        exp_into(log_p[i:j].reshape(-1), e[: j - i].reshape(-1))
        for r in range(i, j):
            row, log = log_p[r], number(np.log(total(e[r - i])))
            for k in range(m):
                row[k] = row[k] - log
            losses[r], weights[r] = 0, 0
            if target[r] != ignored:
                c = min(max(target[r], 0), m - 1)
                score = own * row[c]
                if smoothing != 0:
                    score += all_of_them * number(total(row))
                losses[r], weights[r] = -score * weight[c], weight[c]


@shared
@compiled
def gradient_rows(first, last, step, g, log_p, target, weight, ignored, smoothing, by_x):
    m, number = log_p.shape[1], log_p.dtype.type
    own, all_of_them = number(1 - smoothing), number(smoothing / m)
    for i in range(first, last, step):
        j = min(i + step, last)
        exp_into(log_p[i:j].reshape(-1), by_x[i:j].reshape(-1))
        for r in range(i, j):
            c, row = min(max(target[r], 0), m - 1), by_x[r]
            factor = number(0) if target[r] == ignored else g[r] * weight[c]
            row[c] -= own
            for k in range(m):
                row[k] = (row[k] - all_of_them) * factor
