"""Gradients, kept within bounds between `backward()` and `step()`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..tensor import Tensor
from ..tensor import namespace as mg

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients by one factor, so that their norm together is at most `max_norm`.

    Returns the norm they had, as a 0-d Tensor. `norm_type` is a number or infinity. Pascanu,
    Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks". With
    `error_if_nonfinite`, raises RuntimeError for a norm of NaN or infinity, and clips nothing.
    """
    grads = gradients(parameters)
    if not grads:
        return mg.asarray(0.0)
    magnitudes = [mg.abs(g.detach()) for g in grads]
    if norm_type == math.inf:
        total = mg.max(mg.stack([mg.max(m) for m in magnitudes]))
    else:
        total = mg.sum(mg.stack([mg.sum(m**norm_type) for m in magnitudes])) ** (1 / norm_type)
    if error_if_nonfinite and not bool(mg.isfinite(total)):
        raise RuntimeError(
            f"clip_grad_norm_: the gradients have the norm {total.item()}; nothing was clipped"
        )
    # The small number is PyTorch's, so that a norm of zero divides nothing.
    factor = mg.minimum(max_norm / (total + 1e-6), 1.0)
    for g in grads:
        g.data = mg.astype(g.detach() * factor, g.dtype).data
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every element of every gradient to the range from -clip_value to clip_value."""
    for g in gradients(parameters):
        g.data = mg.clip(g.detach(), -float(clip_value), float(clip_value)).data


def gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """The gradients that there are."""
    each = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in each if p.grad is not None]
