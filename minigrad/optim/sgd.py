"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..extend import ArrayFunction, kernel
from ..kernels.elementwise import in_blocks
from ..tensor import Tensor
from .optimizer import Optimizer, assign, settings, sooner, with_gradient

__all__ = ["SGD"]


def sgd_definition(
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


sgd_update = ArrayFunction("sgd_update", sgd_definition)


@kernel(sgd_update, "numpy", least=1048576)
def sgd_in_blocks(*arrays: Any, **params: Any) -> Any:
    """The definition, a block of elements at a time."""
    return in_blocks(sgd_definition, *arrays, **params)


compiled = "minigrad.kernels.update_loops:sgd_update"
kernel(sgd_update, "numpy", compiled, library="numba", least=16384)


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
            new, v = sooner(sgd_update, p)(p.device.backend.xp, p.data, g, v, **chosen)
            if v is not None:
                state["momentum_buffer"] = v
            assign(p, new)
