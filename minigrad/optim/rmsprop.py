"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, assign

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """p - lr * g / (sqrt(s) + eps), with a running mean s of g².

    `centered` takes the square of the running mean of g off s (Graves 2013, "Generating sequences
    with recurrent neural networks"); `momentum` steps along a velocity. Hinton 2012, lecture 6e of
    "Neural networks for machine learning".
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Mapping[str, Any]) -> None:
        super().check(group)
        if not group["alpha"] >= 0:
            raise ValueError(f"RMSprop: alpha is {group['alpha']}, expected at least 0")

    def update(self, group: dict[str, Any]) -> None:
        lr, alpha, eps = float(group["lr"]), group["alpha"], group["eps"]
        weight_decay, momentum = group["weight_decay"], group["momentum"]
        for p in group["params"]:
            if p.grad is None:
                continue
            xp = p.device.backend.xp
            g = -p.grad.data if group["maximize"] else p.grad.data
            if weight_decay:
                g = g + weight_decay * p.data
            state = self.state.setdefault(p, {})
            state["step"] = state.get("step", 0) + 1
            # The means begin at zero.
            s = alpha * state.get("square_avg", 0.0) + (1 - alpha) * (g * g)
            state["square_avg"] = s
            if group["centered"]:
                mean = state.get("grad_avg", 0.0)
                mean = mean + (1 - alpha) * (g - mean)
                state["grad_avg"] = mean
                s = s - mean * mean
            g = g / (xp.sqrt(s) + eps)
            if momentum:
                g = state["momentum_buffer"] = momentum * state.get("momentum_buffer", 0.0) + g
            assign(p, p.data - lr * g)
