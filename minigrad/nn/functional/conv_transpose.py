"""Transposed convolution: the adjoint of a convolution, from its output back to its input.

What a convolution gathers through windows, its adjoint puts back: each value of the input, times
the kernel, is added where the window stands (Dumoulin and Visin 2016, "A guide to convolution
arithmetic for deep learning", https://arxiv.org/abs/1603.07285, chapter 4).
"""

from __future__ import annotations

from ...ops.convolution import convolution_input
from ...tensor import Tensor
from ...tensor import namespace as mg
from .conv import check_axes, check_dtypes, check_groups
from .sizes import Size, sizes

__all__ = ["conv_transpose1d", "conv_transpose2d"]


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Transposed convolution over the last axis: (N, C, L) or (C, L), weight (C, O / groups, k).

    See `conv_transpose2d`.
    """
    return convolve_back(
        "conv_transpose1d",
        1,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Transposed convolution over the last two axes, weight (C, O / groups, k, k).

    (N, C, H, W) becomes (N, O, H', W'), and so without N, where

        H' = (H - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1

    `padding` takes so much off each side; `output_padding` adds to the far side, where several
    sizes of a convolution's input give the same size of its output. Raises ValueError for channels
    and sizes that don't fit, TypeError for different dtypes.
    """
    return convolve_back(
        "conv_transpose2d",
        2,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


def convolve_back(
    name: str,
    k: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size,
    output_padding: Size,
    groups: int,
    dilation: Size,
) -> Tensor:
    """Transposed convolution over the last `k` axes."""
    strides = sizes(name, "stride", stride, k, 1)
    steps = sizes(name, "dilation", dilation, k, 1)
    around = sizes(name, "padding", padding, k, 0)
    behind = sizes(name, "output_padding", output_padding, k, 0)
    check_channels(name, k, input, weight, bias, groups)
    if any(b >= max(s, d) for b, s, d in zip(behind, strides, steps, strict=True)):
        raise ValueError(
            f"{name}: output_padding {behind} must be smaller than stride {strides} or dilation "
            f"{steps}"
        )
    x = input if input.ndim == k + 2 else mg.expand_dims(input, axis=0)
    full = tuple(
        (n - 1) * s + d * (m - 1) + 1
        for n, s, d, m in zip(x.shape[2:], strides, steps, weight.shape[2:], strict=True)
    )
    wanted = tuple(n + b - 2 * p for n, b, p in zip(full, behind, around, strict=True))
    if any(n <= 0 for n in wanted):
        raise ValueError(
            f"{name}: padding {around} leaves nothing of an output of {full}; use less"
        )
    # What is added behind is first what the padding would have taken off there, then zeros.
    taken = tuple((min(p, n), max(0, p - b)) for p, b, n in zip(around, behind, full, strict=True))
    size = tuple(n - before - after for n, (before, after) in zip(full, taken, strict=True))
    y = convolution_input(
        x, weight, size=size, strides=strides, padding=taken, dilation=steps, groups=groups
    )
    if size != wanted:
        y = mg.pad(y, ((0, 0), (0, 0), *((0, n - m) for n, m in zip(wanted, size, strict=True))))
    if bias is not None:
        y = y + mg.reshape(bias, (-1, *(1,) * k))
    return y if input.ndim == k + 2 else mg.squeeze(y, axis=0)


def check_channels(
    name: str, k: int, input: Tensor, weight: Tensor, bias: Tensor | None, groups: int
) -> None:
    """Raise unless the channels of input, weight and bias fit together."""
    check_axes(name, k, input, weight)
    check_groups(name, weight, groups, "inputs")
    channels = input.shape[-k - 1]
    if channels != weight.shape[0]:
        raise ValueError(
            f"{name}: input {input.shape} has {channels} channels, weight {weight.shape} expects "
            f"{weight.shape[0]}"
        )
    if bias is not None and bias.shape != (weight.shape[1] * groups,):
        raise ValueError(
            f"{name}: bias {bias.shape} with weight {weight.shape} and groups={groups}: expected "
            f"({weight.shape[1] * groups},), one per output"
        )
    check_dtypes(name, input, weight)
