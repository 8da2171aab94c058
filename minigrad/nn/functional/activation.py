"""Activations: element by element, or along one axis.

relu'(0) = 0, and leaky_relu'(0) is the negative slope, as in PyTorch. `inplace=True` gives the
handle `input` the new value, as `x += y` does; no other Tensor changes.
"""

from __future__ import annotations

import math
from typing import Any

from ... import special
from ...ops.elementwise import tanh
from ...primitive import elementwise
from ...tensor import Tensor
from ...tensor import namespace as mg

__all__ = [
    "gelu",
    "leaky_relu",
    "log_softmax",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]


def gelu_tanh_forward(xp: Any, x: Any) -> Any:
    return 0.5 * x * (1 + xp.tanh(CUBIC[0] * x * (1 + CUBIC[1] * x * x)))


def gelu_tanh_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    t = xp.tanh(CUBIC[0] * x * (1 + CUBIC[1] * x * x))
    return 0.5 * g * (1 + t + x * (1 - t * t) * (CUBIC[0] * (1 + 3 * CUBIC[1] * x * x)))


CUBIC = math.sqrt(2 / math.pi), 0.044715

# fmt: off
gelu_tanh  = elementwise("gelu_tanh",  gelu_tanh_vjp,
                         forward=gelu_tanh_forward, floating=True)
slopes     = elementwise("leaky_relu", lambda xp, g, y, x, *, a: xp.where(x > 0, g, a * g),
                         forward=lambda xp, x, *, a: xp.where(x > 0, x, a * x))
# fmt: on


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0)."""
    y = special.relu(input)
    return input._rebind(y, "relu(inplace=True)") if inplace else y


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """The input where it is positive, else `negative_slope` times it."""
    y = slopes(input, a=float(negative_slope))
    return input._rebind(y, "leaky_relu(inplace=True)") if inplace else y


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """The input times the probability that a standard normal variable is below it.

    `approximate="tanh"` replaces that probability by a formula with tanh. Hendrycks and Gimpel
    2016, "Gaussian Error Linear Units".
    """
    if approximate == "tanh":
        return gelu_tanh(input)
    if approximate != "none":
        raise ValueError(f"gelu: approximate is {approximate!r}, expected 'none' or 'tanh'")
    return input * special.ndtr(input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """The input times its sigmoid, also called swish."""
    y = input * special.expit(input)
    return input._rebind(y, "silu(inplace=True)") if inplace else y


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-input)), without overflow."""
    return special.expit(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta * input)) / beta; the input itself where beta * input > threshold."""
    scaled = input * beta
    return mg.where(scaled > threshold, input, special.softplus(scaled) / beta)


def softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """exp(input) / sum(exp(input)) along `dim`, without overflow."""
    return special.softmax(as_dtype(input, dtype), axis=checked_dim("softmax", input, dim))


def log_softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """The logarithm of softmax along `dim`, exact where softmax itself would underflow."""
    return special.log_softmax(as_dtype(input, dtype), axis=checked_dim("log_softmax", input, dim))


def as_dtype(input: Tensor, dtype: Any) -> Tensor:
    return input if dtype is None else mg.astype(input, dtype)


def checked_dim(name: str, input: Tensor, dim: int | None) -> int:
    """`dim`, if it is an axis of the input. PyTorch guesses where it is missing; we do not."""
    if dim is None:
        raise ValueError(f"{name}: which axis? Pass dim, as in {name}(x, dim=-1)")
    if not -input.ndim <= dim < input.ndim:
        raise ValueError(f"{name}: dim {dim} is out of bounds for shape {input.shape}")
    return dim
