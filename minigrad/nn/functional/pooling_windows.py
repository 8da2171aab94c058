"""Where the windows of a pooling lie."""

from __future__ import annotations

from typing import NamedTuple

from ...tensor import Tensor
from ...tensor import namespace as mg
from .sizes import Size, sizes

__all__ = ["PoolingWindows"]

Sizes = tuple[int, ...]


class PoolingWindows(NamedTuple):
    """Where the windows of a pooling lie: checked, and with the padding they need."""

    input: Tensor
    kernel: Sizes
    strides: Sizes
    dilation: Sizes
    padding: Sizes
    around: tuple[tuple[int, int], ...]

    @classmethod
    def of(
        cls,
        name: str,
        k: int,
        input: Tensor,
        kernel_size: Size,
        stride: Size | None,
        padding: Size,
        dilation: Size,
        ceil_mode: bool,
    ) -> PoolingWindows:
        """Raises ValueError for sizes that no window fits, TypeError for an integer input."""
        kernel = sizes(name, "kernel_size", kernel_size, k, 1)
        strides = kernel if stride is None else sizes(name, "stride", stride, k, 1)
        pads = sizes(name, "padding", padding, k, 0)
        steps = sizes(name, "dilation", dilation, k, 1)
        if input.ndim not in (k + 1, k + 2):
            raise ValueError(f"{name}: input {input.shape}: expected {k + 1} or {k + 2} axes")
        if input.dtype.kind != "f":
            raise TypeError(f"{name}: input is {input.dtype}, expected floating; use x.astype(...)")
        if any(2 * p > n for p, n in zip(pads, kernel, strict=True)):
            raise ValueError(f"{name}: padding {pads} is more than half the kernel {kernel}")
        around = []
        for size, n, s, p, d in zip(input.shape[-k:], kernel, strides, pads, steps, strict=True):
            span = d * (n - 1) + 1
            room = size + 2 * p - span
            if room < 0:
                raise ValueError(
                    f"{name}: a window of {span} does not fit into the padded input of "
                    f"{size + 2 * p}; use a smaller kernel or more padding"
                )
            last = room // s * s
            # A last, partial window must begin on the input or on the padding before it.
            if ceil_mode and last < room and last + s < size + p:
                last += s
            around.append((p, p + max(0, last - room)))
        return cls(input, kernel, strides, steps, pads, tuple(around))

    def padded(self, value: float) -> Tensor:
        """The input with `value` around it."""
        if not any(before or after for before, after in self.around):
            return self.input
        lead = ((0, 0),) * (self.input.ndim - len(self.kernel))
        return mg.pad(self.input, (*lead, *self.around), constant_values=value)
