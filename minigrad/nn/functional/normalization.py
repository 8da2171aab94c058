"""Normalisation within each sample: over features, over groups of channels.

The statistics are those of every normalisation: exact whatever the offset, and made in float32 for
float16, in which the output alone is rounded; see `minigrad.statistics`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...primitive import primitive
from ...statistics import mean, moments, narrow, widen
from ...tensor import Tensor
from ...tensor import namespace as mg

__all__ = ["group_norm", "layer_norm"]

Axes = tuple[int, ...]


def standardize_forward(xp: Any, x: Any, *, axis: Axes, eps: float) -> tuple[Any, Any]:
    """x_hat = (x - mean) / sqrt(var + eps), and the inverse of that root, in float64."""
    centred, *_, var = moments(xp, x, axis)
    inv_std = 1 / xp.sqrt(var + eps)
    return centred * narrow(xp, inv_std, x), inv_std


def standardize_vjp(
    xp: Any, g: Any, x_hat: Any, residuals: Any, x: Any, *, axis: Axes, eps: float
) -> Any:
    """What is left of g after its parts along 1 and along x_hat are taken away, rescaled."""
    (inv_std,) = residuals
    along_one = narrow(xp, mean(xp, g, axis), g)
    along_x_hat = narrow(xp, mean(xp, g * x_hat, axis), g)
    return (g - along_one - x_hat * along_x_hat) * narrow(xp, inv_std, g)


_standardize = primitive(
    "standardize", standardize_vjp, forward=standardize_forward, residuals=True
)


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
    wide = widen(mg, input)
    y, _ = _standardize(wide, axis=tuple(range(input.ndim - k, input.ndim)), eps=eps)
    return affine(y, weight, bias, input.dtype)


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
    values = channels // num_groups * math.prod(size)
    if values == 1 and samples == 1:
        raise ValueError(
            f"group_norm: expected more than 1 value in each group, got input {input.shape} with "
            f"num_groups={num_groups}"
        )
    grouped = mg.reshape(widen(mg, input), (samples, num_groups, values))
    y, _ = _standardize(grouped, axis=(2,), eps=eps)
    per_channel = (channels, *[1] * len(size))
    return affine(
        mg.reshape(y, input.shape),
        None if weight is None else mg.reshape(weight, per_channel),
        None if bias is None else mg.reshape(bias, per_channel),
        input.dtype,
    )


def affine(y: Tensor, weight: Tensor | None, bias: Tensor | None, dtype: Any) -> Tensor:
    y = y if weight is None else y * weight
    y = y if bias is None else y + bias
    return y if y.dtype == dtype else mg.astype(y, dtype)


def check_affine(
    name: str, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...]
) -> None:
    for what, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != shape:
            raise ValueError(f"{name}: {what} has shape {parameter.shape}, expected {shape}")
