"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, assign

__all__ = ["SGD"]


class SGD(Optimizer):
    """p - lr * g, or p - lr * v with a velocity v = momentum * v + (1 - dampening) * g.

    With `nesterov`, g + momentum * v takes the place of v: Sutskever et al. 2013, "On the
    importance of initialization and momentum in deep learning". The velocity begins as the first
    gradient.
    """

    linear = True

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Mapping[str, Any]) -> None:
        super().check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and a dampening of 0")

    def update(self, group: dict[str, Any]) -> None:
        lr, weight_decay = float(group["lr"]), group["weight_decay"]
        momentum, maximize = group["momentum"], group["maximize"]
        for p in group["params"]:
            if p.grad is None:
                continue
            g = -p.grad.data if maximize else p.grad.data
            if weight_decay:
                g = g + weight_decay * p.data
            if momentum:
                g = self.accelerated(p, g, group)
            assign(p, p.data - lr * g)

    def accelerated(self, p: Tensor, g: Any, group: dict[str, Any]) -> Any:
        """The direction of the step, after the velocity has taken in the gradient."""
        momentum = group["momentum"]
        state = self.state.setdefault(p, {})
        v = state.get("momentum_buffer")
        v = g if v is None else momentum * v + (1 - group["dampening"]) * g
        state["momentum_buffer"] = v
        return g + momentum * v if group["nesterov"] else v
