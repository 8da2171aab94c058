"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, assign, settings, with_gradient

__all__ = ["SGD"]


def sgd_update(
    xp: Any,
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
) -> tuple[Any, Any]:
    """The parameter after a step, and its velocity, which begins as the first gradient."""
    if maximize:
        g = -g
    if weight_decay:
        g = g + weight_decay * p
    if momentum:
        v = g if v is None else momentum * v + (1 - dampening) * g
        g = g + momentum * v if nesterov else v
    return p - lr * g, v


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
        chosen = settings(
            group, "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize"
        )
        for p, g in with_gradient(group):
            state = self.state.setdefault(p, {}) if chosen["momentum"] else {}
            v = state.get("momentum_buffer")
            new, v = sgd_update(p.device.backend.xp, p.data, g, v, **chosen)
            if v is not None:
                state["momentum_buffer"] = v
            assign(p, new)
