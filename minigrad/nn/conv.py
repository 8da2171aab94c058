"""Convolutions."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from ..tensor import namespace as mg
from . import functional as F
from . import init
from .functional.sizes import Size, same_padding, sizes
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d"]


class Convolution(Module):
    """What convolutions share: the weight (out_channels, in_channels / groups, *kernel_size)."""

    axes: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name, k = type(self).__name__, self.axes
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and "
                f"out_channels={out_channels}"
            )
        if padding_mode != "zeros":
            raise ValueError(
                f"{name}: padding_mode is {padding_mode!r}, only 'zeros' is built in; pad the input"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = sizes(name, "kernel_size", kernel_size, k, 1)
        self.stride = sizes(name, "stride", stride, k, 1)
        self.dilation = sizes(name, "dilation", dilation, k, 1)
        self.padding: tuple[int, ...] | str
        if isinstance(padding, str):
            same_padding(name, padding, self.kernel_size, self.stride, self.dilation)
            self.padding = padding
        else:
            self.padding = sizes(name, "padding", padding, k, 0)
        self.groups = groups
        self.padding_mode = padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(mg.empty(shape, dtype=dtype, device=device))
        self.bias = Parameter(mg.empty(out_channels, dtype=dtype, device=device)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values: uniform within 1 / sqrt(in_channels / groups * prod(kernel_size))."""
        init.affine_(self.weight, self.bias)

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if isinstance(self.padding, str) or any(self.padding):
            text += f", padding={self.padding}"
        if any(d != 1 for d in self.dilation):
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text if self.bias is not None else f"{text}, bias=False"


class Conv1d(Convolution):
    """Convolution over the last axis: (N, C, L) becomes (N, out_channels, L'). See `F.conv1d`."""

    axes = 1

    def forward(self, input: Tensor) -> Tensor:
        return F.conv1d(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class Conv2d(Convolution):
    """Convolution over the last two axes: (N, C, H, W) becomes (N, out_channels, H', W').

    See `F.conv2d`; `padding` may be "same" or "valid".
    """

    axes = 2

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )
