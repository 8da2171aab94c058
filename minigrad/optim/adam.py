"""Adam, and AdamW, which decays the weights themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, assign

__all__ = ["Adam", "AdamW"]


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
        lr, eps, weight_decay = float(group["lr"]), group["eps"], group["weight_decay"]
        (beta1, beta2), amsgrad, maximize = group["betas"], group["amsgrad"], group["maximize"]
        for p in group["params"]:
            if p.grad is None:
                continue
            xp = p.device.backend.xp
            g = -p.grad.data if maximize else p.grad.data
            value = p.data
            if weight_decay and self.decoupled_weight_decay:
                value = value * (1 - lr * weight_decay)
            elif weight_decay:
                g = g + weight_decay * value
            state = self.state.setdefault(p, {})
            step = state["step"] = state.get("step", 0) + 1
            # The means begin at zero.
            m, v = state.get("exp_avg", 0.0), state.get("exp_avg_sq", 0.0)
            m = state["exp_avg"] = m + (1 - beta1) * (g - m)
            v = state["exp_avg_sq"] = beta2 * v + (1 - beta2) * (g * g)
            if amsgrad:
                v = state["max_exp_avg_sq"] = xp.maximum(state.get("max_exp_avg_sq", v), v)
            scale = math.sqrt(1 - beta2**step)
            step_size = lr / (1 - beta1**step)
            assign(p, value - step_size * m / (xp.sqrt(v) / scale + eps))


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
