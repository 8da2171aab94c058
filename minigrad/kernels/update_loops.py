"""The updates of optimisers in compiled loops: each value is read once, and written once.

A parameter is gone through in blocks that stay in the first cache. In a block there is a loop for
each line of the definition, which does its operations in its order and dtype, so the bits are the
same; and few arrays meet in a loop, as only then it becomes vector instructions. The place of the
new parameter holds the gradient until the rest is done.

The definition takes the first step, in which there is no state yet. Where an option is off that
has a state of its own, another array stands in for it, which nobody looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .compiling import exactly
from .elementwise import as_rows
from .threads import parallel_for, shared

__all__ = ["adam_update", "rmsprop_update", "sgd_update"]

BLOCK = 1024
"""So many elements are gone through at a time."""


def sgd_update(
    p: Any,
    g: Any,
    v: Any,
    *,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> Any:
    """What `optim.sgd.sgd_update` returns."""
    used = [True, True, bool(momentum)]
    factors = lr, momentum, 1 - dampening, weight_decay
    new = update(sgd, (p, g, v), used, factors, nesterov, maximize)
    return new if new is NotImplemented else (new[0], new[1] if momentum else v)


def adam_update(
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    largest: Any,
    *,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    amsgrad: bool,
    decoupled: bool,
    maximize: bool,
) -> Any:
    """What `optim.adam.adam_update` returns."""
    beta1, beta2 = betas
    scale = (1 - beta2**step) ** 0.5
    shrink = 1 - lr * weight_decay if weight_decay and decoupled else 1
    decay = 0 if decoupled else weight_decay
    rate = lr * scale / (1 - beta1**step)
    factors = rate, 1 - beta1, beta2, 1 - beta2, scale * eps, shrink, decay
    used = [True, True, True, True, amsgrad]
    new = update(adam, (p, g, m, v, largest), used, factors, amsgrad, maximize)
    return new if new is NotImplemented else (*new[:3], new[3] if amsgrad else largest)


def rmsprop_update(
    p: Any,
    g: Any,
    s: Any,
    mean: Any,
    v: Any,
    *,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    maximize: bool,
) -> Any:
    """What `optim.rmsprop.rmsprop_update` returns."""
    used = [True, True, True, centered, bool(momentum)]
    factors = lr, alpha, 1 - alpha, eps, momentum, weight_decay
    new = update(rmsprop, (p, g, s, mean, v), used, factors, centered, maximize)
    if new is NotImplemented:
        return new
    return new[0], new[1], new[2] if centered else mean, new[3] if momentum else v


def update(
    loop: Callable[..., None],
    arrays: Sequence[Any],
    used: Sequence[bool],
    factors: Sequence[float],
    option: bool,
    maximize: bool,
) -> Any:
    """The new parameter and its new state, from a parameter, its gradient and its state."""
    rows = as_rows(*[x for x, is_used in zip(arrays, used, strict=True) if is_used])
    if rows is None:
        return NotImplemented
    there = iter(rows)
    given = [next(there) if is_used else rows[0] for is_used in used]
    y = np.empty_like(rows[0])
    new = [y, *[np.empty_like(y) if is_used else y for is_used in used[2:]]]
    options = *map(float, factors), bool(option), bool(maximize)
    parallel_for(loop, y.size, *given, *new, *options, work=2 * len(rows) * y.size)
    return [x.reshape(arrays[0].shape) for x in new]


@exactly
def take(y, g, p, decay, maximize):
    """Write to y the gradient of what is minimised."""
    for k in range(y.size):
        y[k] = -g[k] if maximize else g[k]
    if decay != 0:
        share = p.dtype.type(decay)
        for k in range(y.size):
            y[k] = y[k] + share * p[k]


@shared
@exactly
def sgd(start, stop, ps, gs, vs, ys, velocities, lr, momentum, share, decay, nesterov, maximize):
    number, rolls = ps.dtype.type, momentum != 0
    lr, momentum, share = number(lr), number(momentum), number(share)
    for i in range(start, stop, BLOCK):
        j = min(i + BLOCK, stop)
        p, v, y, velocity = ps[i:j], vs[i:j], ys[i:j], velocities[i:j]
        take(y, gs[i:j], p, decay, maximize)
        if rolls:
            for k in range(y.size):
                velocity[k] = momentum * v[k] + share * y[k]
            for k in range(y.size):
                y[k] = y[k] + momentum * velocity[k] if nesterov else velocity[k]
        for k in range(y.size):
            y[k] = p[k] - lr * y[k]


@shared
@exactly
def adam(
    start, stop, ps, gs, ms, vs, tops, ys, means, squares, bounds,
    rate, share1, beta2, share2, eps, shrink, decay, amsgrad, maximize,
):  # fmt: skip
    number = ps.dtype.type
    rate, eps, shrink = number(rate), number(eps), number(shrink)
    share1, beta2, share2 = number(share1), number(beta2), number(share2)
    for i in range(start, stop, BLOCK):
        j = min(i + BLOCK, stop)
        p, m, v, top = ps[i:j], ms[i:j], vs[i:j], tops[i:j]
        y, mean, square, bound = ys[i:j], means[i:j], squares[i:j], bounds[i:j]
        take(y, gs[i:j], p, decay, maximize)
        for k in range(y.size):
            mean[k] = m[k] + share1 * (y[k] - m[k])
        for k in range(y.size):
            square[k] = beta2 * v[k] + share2 * (y[k] * y[k])
        if amsgrad:
            for k in range(y.size):
                bound[k] = top[k] if top[k] > square[k] or top[k] != top[k] else square[k]
        else:
            bound = square
        for k in range(y.size):
            y[k] = p[k] * shrink - rate * (mean[k] / (np.sqrt(bound[k]) + eps))


@shared
@exactly
def rmsprop(
    start, stop, ps, gs, ss, ms, vs, ys, squares, means, velocities,
    lr, alpha, share, eps, momentum, decay, centered, maximize,
):  # fmt: skip
    number, rolls = ps.dtype.type, momentum != 0
    lr, alpha, share = number(lr), number(alpha), number(share)
    eps, momentum = number(eps), number(momentum)
    for i in range(start, stop, BLOCK):
        j = min(i + BLOCK, stop)
        p, s, m, v = ps[i:j], ss[i:j], ms[i:j], vs[i:j]
        y, square, mean, velocity = ys[i:j], squares[i:j], means[i:j], velocities[i:j]
        take(y, gs[i:j], p, decay, maximize)
        for k in range(y.size):
            square[k] = alpha * s[k] + share * (y[k] * y[k])
        if centered:
            for k in range(y.size):
                mean[k] = m[k] + share * (y[k] - m[k])
            for k in range(y.size):
                y[k] = y[k] / (np.sqrt(square[k] - mean[k] * mean[k]) + eps)
        else:
            for k in range(y.size):
                y[k] = y[k] / (np.sqrt(square[k]) + eps)
        if rolls:
            for k in range(y.size):
                velocity[k] = momentum * v[k] + y[k]
            for k in range(y.size):
                y[k] = velocity[k]
        for k in range(y.size):
            y[k] = p[k] - lr * y[k]
