"""Normalisation within each sample: over features, over groups of channels.

The statistics are those of every normalisation: exact whatever the offset, and made in float32 for
float16, in which the output alone is rounded; see `minigrad.statistics`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...extend import kernel
from ...primitive import primitive
from ...statistics import mean, moments, narrow, total, widen
from ...tensor import Tensor
from ...tensor import namespace as mg

__all__ = ["group_norm", "layer_norm"]

Axes = tuple[int, ...]


def standardize_forward(
    xp: Any, x: Any, weight: Any, bias: Any, *, axis: Axes, eps: float
) -> tuple[Any, Any, Any, Any]:
    """x_hat times weight plus bias, with x_hat = (x - mean) / sqrt(var + eps).

    And the mean in two words, and the inverse of that root in float64. `weight` and `bias` have the
    dtype of x and broadcast against it, or are None.
    """
    centred, *mean, var = moments(xp, x, axis)
    inv_std = 1 / xp.sqrt(var + eps)
    y = centred * narrow(xp, inv_std, x)
    y = y if weight is None else y * weight
    return (y if bias is None else y + bias, *mean, inv_std)


def standardize_vjp(
    xp: Any,
    g: Any,
    y: Any,
    residuals: Any,
    x: Any,
    weight: Any,
    bias: Any,
    *,
    axis: Axes,
    eps: float,
) -> tuple[Any, Any, Any]:
    """What is left of g * weight after its parts along 1 and along x_hat are taken away, rescaled.

    And what reaches weight and bias: the sums of g * x_hat and of g.
    """
    high, low, inv_std = residuals
    scale = narrow(xp, inv_std, g)
    x_hat = (x - high - low) * scale
    by_weight = None if weight is None else summed(xp, g * x_hat, weight)
    by_bias = None if bias is None else summed(xp, g, bias)
    g = g if weight is None else g * weight
    along_one = narrow(xp, mean(xp, g, axis), g)
    along_x_hat = narrow(xp, mean(xp, g * x_hat, axis), g)
    return (g - along_one - x_hat * along_x_hat) * scale, by_weight, by_bias


def summed(xp: Any, v: Any, parameter: Any) -> Any:
    """What reaches a parameter that was broadcast to v: the sums over the axes that it has not."""
    shape = (1,) * (v.ndim - parameter.ndim) + parameter.shape
    axes = tuple([a for a, n in enumerate(shape) if n != v.shape[a] or a < v.ndim - parameter.ndim])
    found = narrow(xp, total(xp, v, axes), parameter) if axes else v
    return xp.reshape(found, parameter.shape)


_standardize = primitive(
    "standardize", joint=standardize_vjp, forward=standardize_forward, residuals=True, optional=True
)

for library, module, least in (
    ("numpy", "layer_norm", 16384),
    ("numba", "layer_norm_loops", 1024),
):
    at = f"minigrad.kernels.{module}:standardize"
    kernel(_standardize, "numpy", at, library=library, least=least)
    kernel(_standardize, "numpy", f"{at}_vjp", rule="joint", library=library, least=least)


def layer_norm(
    input: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 over the last axes, of `normalized_shape`; times weight plus bias.

    Ba, Kiros and Hinton 2016, "Layer normalization". Raises ValueError if the input does not end
    in `normalized_shape`, or weight and bias do not have it.
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    k = len(shape)
    if k == 0 or input.shape[-k:] != shape:
        raise ValueError(f"layer_norm: input {input.shape} does not end in {shape}")
    check_affine("layer_norm", weight, bias, shape)
    return standardized(input, tuple(range(input.ndim - k, input.ndim)), eps, weight, bias)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 over each of `num_groups` groups of channels, sample by sample.

    The input is (N, C, ...), `weight` and `bias` are (C,). Wu and He 2018, "Group normalization".
    Raises ValueError if the groups don't divide the channels or there is one value in a group.
    """
    if input.ndim < 2 or num_groups < 1 or input.shape[1] % num_groups:
        raise ValueError(
            f"group_norm: input {input.shape}: expected (N, C, ...) with C divisible by "
            f"num_groups={num_groups}"
        )
    samples, channels, *size = input.shape
    check_affine("group_norm", weight, bias, (channels,))
    grouped = samples, num_groups, channels // num_groups, math.prod(size)
    if grouped[2] * grouped[3] == samples == 1:
        raise ValueError(
            f"group_norm: expected more than 1 value in each group, got input {input.shape} with "
            f"num_groups={num_groups}"
        )
    per_channel = (*grouped[1:3], 1)
    y = standardized(
        mg.reshape(input, grouped), (2, 3), eps,
        None if weight is None else mg.reshape(weight, per_channel),
        None if bias is None else mg.reshape(bias, per_channel),
    )  # fmt: skip
    return mg.reshape(y, input.shape)


def standardized(
    x: Tensor, axis: Axes, eps: float, weight: Tensor | None, bias: Tensor | None
) -> Tensor:
    """`standardize` in the dtype that arrays like x are computed in, rounded to that of x."""
    wide = widen(mg, x)
    in_dtype = lambda v: v if v is None or v.dtype == wide.dtype else mg.astype(v, wide.dtype)
    y, _ = _standardize(wide, in_dtype(weight), in_dtype(bias), axis=axis, eps=eps)
    return y if y.dtype == x.dtype else mg.astype(y, x.dtype)


def check_affine(
    name: str, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...]
) -> None:
    for what, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != shape:
            raise ValueError(f"{name}: {what} has shape {parameter.shape}, expected {shape}")
