"""Convolution over the last axes, and the checks that it shares with the transposed one."""

from __future__ import annotations

from ...ops.convolution import convolution
from ...tensor import Tensor
from ...tensor import namespace as mg
from .sizes import Size, same_padding, sizes

__all__ = ["conv1d", "conv2d"]


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over the last axis: (N, C, L) or (C, L), with weight (O, C / groups, k)."""
    return convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over the last two axes: (N, C, H, W) or (C, H, W), weight (O, C / groups, k, k).

    `padding` is a number of zeros on each side, "valid" (none) or "same" (output as large as the
    input, for stride 1).
    """
    return convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def convolve(
    name: str,
    k: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size | str,
    dilation: Size,
    groups: int,
) -> Tensor:
    """Convolution over the last `k` axes."""
    strides = sizes(name, "stride", stride, k, 1)
    steps = sizes(name, "dilation", dilation, k, 1)
    check_channels(name, k, input, weight, bias, groups)
    kernel = weight.shape[2:]
    if isinstance(padding, str):
        around = same_padding(name, padding, kernel, strides, steps)
    else:
        around = tuple((p, p) for p in sizes(name, "padding", padding, k, 0))
    x = input if input.ndim == k + 2 else mg.expand_dims(input, axis=0)
    check_size(name, x.shape[2:], kernel, around, steps)

    inputs = (x, weight) if bias is None else (x, weight, bias)
    y = convolution(*inputs, strides=strides, padding=around, dilation=steps, groups=groups)
    return y if input.ndim == k + 2 else mg.squeeze(y, axis=0)


def check_channels(
    name: str, k: int, input: Tensor, weight: Tensor, bias: Tensor | None, groups: int
) -> None:
    """Raise unless the channels of input, weight and bias fit together."""
    check_axes(name, k, input, weight)
    check_groups(name, weight, groups, "outputs")
    if input.shape[-k - 1] != weight.shape[1] * groups:
        raise ValueError(
            f"{name}: input {input.shape} has {input.shape[-k - 1]} channels, weight "
            f"{weight.shape} with groups={groups} expects {weight.shape[1] * groups}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"{name}: bias {bias.shape} with weight {weight.shape}: one per output")
    check_dtypes(name, input, weight)


def check_axes(name: str, k: int, input: Tensor, weight: Tensor) -> None:
    """Raise unless input and weight have as many axes as a convolution over `k` of them takes."""
    if weight.ndim != k + 2 or input.ndim not in (k + 1, k + 2):
        raise ValueError(
            f"{name}: input {input.shape} with weight {weight.shape}: expected an input of "
            f"{k + 2} axes (or {k + 1}, without samples) and a weight of {k + 2}"
        )


def check_groups(name: str, weight: Tensor, groups: int, what: str) -> None:
    """Raise unless `groups` divides the first axis of the weight, `what` it has there."""
    if not isinstance(groups, int) or groups < 1 or weight.shape[0] % groups:
        raise ValueError(
            f"{name}: groups is {groups}, which does not divide the {weight.shape[0]} {what} of "
            f"weight {weight.shape}"
        )


def check_dtypes(name: str, input: Tensor, weight: Tensor) -> None:
    """Raise unless input and weight have one dtype."""
    if input.dtype != weight.dtype:
        raise TypeError(
            f"{name}: input is {input.dtype}, weight is {weight.dtype}; convert one, as in "
            "x.astype(...)"
        )


def check_size(
    name: str,
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    around: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
) -> None:
    """Raise unless at least one window fits along each axis."""
    padded = tuple(n + before + after for n, (before, after) in zip(size, around, strict=True))
    spans = tuple(d * (n - 1) + 1 for n, d in zip(kernel, dilation, strict=True))
    if any(span > n for span, n in zip(spans, padded, strict=True)):
        raise ValueError(
            f"{name}: a window of {spans} does not fit into the padded input of {padded}; use a "
            "smaller kernel or more padding"
        )
