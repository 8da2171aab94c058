"""Initial values of parameters. Each function gives the Tensor a new value and returns it.

The draws come from `mg.random`, and are the same on every backend.
"""

from __future__ import annotations

import math
from typing import Any

from .. import random
from ..tensor import Tensor
from ..tensor import namespace as mg

__all__ = [
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def fill(tensor: Tensor, values: Tensor) -> Tensor:
    """The Tensor, with new values: a leaf stays a leaf, nothing is recorded."""
    tensor.data = values.data
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Every element `val`."""
    return fill(tensor, mg.full(tensor.shape, val, dtype=tensor.dtype, device=tensor.device))


def zeros_(tensor: Tensor) -> Tensor:
    """Every element 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Every element 1."""
    return constant_(tensor, 1.0)


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: random.Generator | None = None
) -> Tensor:
    """Spread evenly over [a, b)."""
    return fill(tensor, random.uniform(tensor.shape, a, b, **drawn_like(tensor, generator)))


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: random.Generator | None = None
) -> Tensor:
    """Normally distributed."""
    return fill(tensor, random.normal(tensor.shape, mean, std, **drawn_like(tensor, generator)))


def drawn_like(tensor: Tensor, generator: random.Generator | None) -> dict[str, Any]:
    return {"generator": generator, "dtype": tensor.dtype, "device": tensor.device}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a standard deviation makes up for a nonlinearity; PyTorch's table.

    `param` is the slope of "leaky_relu". Raises ValueError for an unknown nonlinearity.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    gains = {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
    gains |= dict.fromkeys(("linear", "sigmoid", "conv1d", "conv2d", "conv3d"), 1.0)
    if nonlinearity not in gains:
        known = sorted([*gains, "leaky_relu"])
        raise ValueError(f"calculate_gain: no gain for {nonlinearity!r}; there is one for {known}")
    return gains[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs an output of this weight (out, in, ...) sums up, and the other way round."""
    if tensor.ndim < 2:
        raise ValueError(f"init: fan in and fan out need a weight of 2 axes, not {tensor.shape}")
    outputs, inputs, *size = tensor.shape
    return inputs * math.prod(size), outputs * math.prod(size)


def xavier_std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2 / max(1, sum(fans(tensor))))


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: random.Generator | None = None
) -> Tensor:
    """Uniform, with variance 2 gain² / (fan_in + fan_out).

    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward networks".
    """
    bound = math.sqrt(3) * xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(
    tensor: Tensor, gain: float = 1.0, generator: random.Generator | None = None
) -> Tensor:
    """Normal, with variance 2 gain² / (fan_in + fan_out); see `xavier_uniform_`."""
    return normal_(tensor, 0.0, xavier_std(tensor, gain), generator)


def kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"init: mode is {mode!r}, expected 'fan_in' or 'fan_out'")
    fan = fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(1, fan))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: random.Generator | None = None,
) -> Tensor:
    """Uniform, with variance gain² / fan; `a` is the slope of the leaky_relu that follows.

    He et al. 2015, "Delving deep into rectifiers".
    """
    bound = math.sqrt(3) * kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: random.Generator | None = None,
) -> Tensor:
    """Normal, with variance gain² / fan; see `kaiming_uniform_`."""
    return normal_(tensor, 0.0, kaiming_std(tensor, a, mode, nonlinearity), generator)


def affine_(weight: Tensor, bias: Tensor | None) -> None:
    """PyTorch's default of Linear and Conv: both uniform within 1 / sqrt(fan_in)."""
    kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        bound = 1 / math.sqrt(max(1, fans(weight)[0]))
        uniform_(bias, -bound, bound)
