"""Transposed convolutions."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from ..tensor import namespace as mg
from . import functional as F
from . import init
from .functional.sizes import Size, sizes
from .module import Module
from .parameter import Parameter

__all__ = ["ConvTranspose1d", "ConvTranspose2d"]


class TransposedConvolution(Module):
    """What they share: the weight (in_channels, out_channels / groups, *kernel_size)."""

    axes: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
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
            raise ValueError(f"{name}: padding_mode is {padding_mode!r}, only 'zeros' makes sense")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = sizes(name, "kernel_size", kernel_size, k, 1)
        self.stride = sizes(name, "stride", stride, k, 1)
        self.padding = sizes(name, "padding", padding, k, 0)
        self.output_padding = sizes(name, "output_padding", output_padding, k, 0)
        self.dilation = sizes(name, "dilation", dilation, k, 1)
        self.groups = groups
        self.padding_mode = padding_mode
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        self.weight = Parameter(mg.empty(shape, dtype=dtype, device=device))
        self.bias = Parameter(mg.empty(out_channels, dtype=dtype, device=device)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values: uniform within 1 / sqrt(out_channels / groups * prod(kernel_size))."""
        init.affine_(self.weight, self.bias)

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        for name, least in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if any(n != least for n in value):
                text += f", {name}={value}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text if self.bias is not None else f"{text}, bias=False"


class ConvTranspose1d(TransposedConvolution):
    """Transposed convolution: (N, C, L) becomes (N, out_channels, L'). See `F.conv_transpose1d`."""

    axes = 1

    def forward(self, input: Tensor) -> Tensor:
        return F.conv_transpose1d(
            input, self.weight, self.bias,
            self.stride, self.padding, self.output_padding, self.groups, self.dilation,
        )  # fmt: skip


class ConvTranspose2d(TransposedConvolution):
    """Transposed convolution over two axes: (N, C, H, W) becomes (N, out_channels, H', W').

    See `F.conv_transpose2d`.
    """

    axes = 2

    def forward(self, input: Tensor) -> Tensor:
        return F.conv_transpose2d(
            input, self.weight, self.bias,
            self.stride, self.padding, self.output_padding, self.groups, self.dilation,
        )  # fmt: skip
