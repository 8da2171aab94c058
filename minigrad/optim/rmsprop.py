"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..extend import ArrayFunction, kernel
from ..kernels.elementwise import in_blocks
from ..tensor import Tensor
from .optimizer import Optimizer, assign, settings, sooner, with_gradient

__all__ = ["RMSprop"]


def rmsprop_definition(
    xp: Any,
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
) -> tuple[Any, Any, Any, Any]:
    """The parameter after a step, the mean of g², that of g if `centered`, and the velocity if any.

    Before the first step they are None and count as zero.
    """
    if maximize:
        g = -g
    if weight_decay:
        g = g + weight_decay * p
    s = (1 - alpha) * (g * g) if s is None else alpha * s + (1 - alpha) * (g * g)
    var = s
    if centered:
        mean = (1 - alpha) * g if mean is None else mean + (1 - alpha) * (g - mean)
        var = s - mean * mean
    g = g / (xp.sqrt(var) + eps)
    if momentum:
        g = v = g if v is None else momentum * v + g
    return p - lr * g, s, mean, v


rmsprop_update = ArrayFunction("rmsprop_update", rmsprop_definition)


@kernel(rmsprop_update, "numpy", least=131072)
def rmsprop_in_blocks(*arrays: Any, **params: Any) -> Any:
    """The definition, a block of elements at a time."""
    return in_blocks(rmsprop_definition, *arrays, **params)


compiled = "minigrad.kernels.update_loops:rmsprop_update"
kernel(rmsprop_update, "numpy", compiled, library="numba", least=8192)


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
        chosen = settings(
            group, "lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize"
        )
        for p, g in with_gradient(group):
            state = self.state.setdefault(p, {})
            state["step"] = state.get("step", 0) + 1
            s, mean, v = map(state.get, ("square_avg", "grad_avg", "momentum_buffer"))
            new, state["square_avg"], mean, v = sooner(rmsprop_update, p)(
                p.device.backend.xp, p.data, g, s, mean, v, **chosen
            )
            if mean is not None:
                state["grad_avg"] = mean
            if v is not None:
                state["momentum_buffer"] = v
            assign(p, new)
