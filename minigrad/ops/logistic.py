"""The logistic function, its inverse, its logarithm; and the ramp that softplus smooths."""

from __future__ import annotations

from typing import Any

from ..primitive import elementwise
from ..tensor import Tensor, namespace

__all__ = ["expit", "log_expit", "logit", "relu", "softplus"]


def expit_forward(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)), by the exponential that cannot overflow."""
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1 / (1 + e), e / (1 + e))


def logit_forward(xp: Any, x: Any) -> Any:
    """log(x / (1 - x)); around its zero at 1/2 by the inverse hyperbolic tangent of 2x - 1."""
    is_near = (x > 0.25) & (x < 0.75)
    far = xp.where(is_near, 0.25, x)
    return xp.where(
        is_near, 2 * xp.atanh(xp.where(is_near, 2 * x - 1, 0.0)), xp.log(far / (1 - far))
    )


def softplus_forward(xp: Any, x: Any) -> Any:
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


# fmt: off
relu     = elementwise("relu",     lambda xp, g, y, x: xp.where(y <= 0, 0, g),
                       forward=lambda xp, x: xp.maximum(x, 0))
expit    = elementwise("expit",    lambda xp, g, y, x: g * y * (1 - y),
                       forward=expit_forward, floating=True)
logit    = elementwise("logit",    lambda xp, g, y, x: g / (x * (1 - x)),
                       forward=logit_forward, floating=True)
softplus = elementwise("softplus", lambda xp, g, y, x: g * xp.exp(x - y),
                       forward=softplus_forward, floating=True)
# fmt: on

relu.array_function().register("numpy", "minigrad.kernels.relu:relu", least=32768)
relu.array_function().register(
    "numpy", "minigrad.kernels.relu_loops:relu", library="numba", least=32768
)
relu.array_function(0).register("numpy", "minigrad.kernels.relu:relu_vjp", least=4096)
relu.array_function(0).register(
    "numpy", "minigrad.kernels.relu_loops:relu_vjp", library="numba", least=16384
)


def log_expit(x: Tensor, /) -> Tensor:
    """The logarithm of expit, exact where expit itself would underflow."""
    return namespace.negative(softplus(namespace.negative(x)))
