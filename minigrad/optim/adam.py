"""Adam, and AdamW, which decays the weights themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..extend import ArrayFunction, kernel
from ..kernels.elementwise import in_blocks
from ..tensor import Tensor
from .optimizer import Optimizer, assign, settings, sooner, with_gradient

__all__ = ["Adam", "AdamW"]


def adam_definition(
    xp: Any,
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
) -> tuple[Any, Any, Any, Any]:
    """The parameter after a step, the means of g and g², and with `amsgrad` the largest v so far.

    Before the first step, which is number 1, the means are None and count as zero.
    """
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay and decoupled:
        p = p * (1 - lr * weight_decay)
    elif weight_decay:
        g = g + weight_decay * p
    m = (1 - beta1) * g if m is None else m + (1 - beta1) * (g - m)
    v = (1 - beta2) * (g * g) if v is None else beta2 * v + (1 - beta2) * (g * g)
    bound = v
    if amsgrad:
        bound = largest = v if largest is None else xp.maximum(largest, v)
    # Both means are too small by known factors; those of the step are made one.
    scale = (1 - beta2**step) ** 0.5
    direction = m / (xp.sqrt(bound) + scale * eps)
    return p - lr * scale / (1 - beta1**step) * direction, m, v, largest


adam_update = ArrayFunction("adam_update", adam_definition)


@kernel(adam_update, "numpy", least=131072)
def adam_in_blocks(*arrays: Any, **params: Any) -> Any:
    """The definition, a block of elements at a time."""
    return in_blocks(adam_definition, *arrays, **params)


compiled = "minigrad.kernels.update_loops:adam_update"
kernel(adam_update, "numpy", compiled, library="numba", least=8192)


class Adam(Optimizer):
    """p - lr * m_hat / (sqrt(v_hat) + eps), with running means m of g and v of g².

    m_hat and v_hat are corrected for the means' beginning at zero. With `amsgrad`, the largest v
    so far takes the place of v. Kingma and Ba 2015, "Adam: a method for stochastic optimization";
    Reddi et al. 2018, "On the convergence of Adam and beyond".
    """

    decoupled_weight_decay = False

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Mapping[str, Any]) -> None:
        super().check(group)
        for beta in group["betas"]:
            if not 0 <= beta < 1:
                raise ValueError(
                    f"{type(self).__name__}: betas are {group['betas']}, expected 0 <= beta < 1"
                )

    def update(self, group: dict[str, Any]) -> None:
        chosen = settings(group, "lr", "betas", "eps", "weight_decay", "amsgrad", "maximize")
        chosen["decoupled"] = self.decoupled_weight_decay
        for p, g in with_gradient(group):
            state = self.state.setdefault(p, {})
            step = state["step"] = state.get("step", 0) + 1
            m, v = state.get("exp_avg"), state.get("exp_avg_sq")
            largest = state.get("max_exp_avg_sq")
            new, state["exp_avg"], state["exp_avg_sq"], largest = sooner(adam_update, p)(
                p.device.backend.xp, p.data, g, m, v, largest, step=step, **chosen
            )
            if largest is not None:
                state["max_exp_avg_sq"] = largest
            assign(p, new)


class AdamW(Adam):
    """Adam, with p multiplied by 1 - lr * weight_decay before each step.

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
    """

    decoupled_weight_decay = True

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
