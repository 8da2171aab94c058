"""Sliding windows and their adjoint: convolution and pooling are made of these."""

from __future__ import annotations

from typing import Any

from ..primitive import primitive
from ..tensor import Tensor
from .axes import axis_of
from .shapes import moveaxis

__all__ = ["fold", "sliding_window_view", "windows"]

Sizes = tuple[int, ...]


def windows_vjp(
    xp: Any, g: Any, y: Any, x: Any, *, shape: Sizes, strides: Sizes, dilation: Sizes
) -> Any:
    """An element seen through several windows receives from all of them."""
    return xp.fold(g, x.shape[-len(shape) :], strides, dilation)


def fold_vjp(
    xp: Any, g: Any, y: Any, w: Any, *, size: Sizes, strides: Sizes, dilation: Sizes
) -> Any:
    return xp.windows(g, w.shape[-len(size) :], strides, dilation)


_windows = primitive(
    "windows",
    windows_vjp,
    forward=lambda xp, x, *, shape, strides, dilation: xp.windows(x, shape, strides, dilation),
    complex=True,
)
_fold = primitive(
    "fold",
    fold_vjp,
    forward=lambda xp, w, *, size, strides, dilation: xp.fold(w, size, strides, dilation),
    complex=True,
)


def windows(
    x: Tensor, shape: Sizes, strides: Sizes | None = None, dilation: Sizes | None = None
) -> Tensor:
    """Windows of `shape` over the last axes: (..., *size) becomes (..., *counts, *shape).

    Along each axis there are `(size - dilation * (shape - 1) - 1) // strides + 1` windows. Raises
    ValueError if x has fewer axes than a window, or a number is not positive.
    """
    ones = (1,) * len(shape)
    strides, dilation = strides or ones, dilation or ones
    if len(shape) > x.ndim or not len(shape) == len(strides) == len(dilation):
        raise ValueError(
            f"windows: shape {shape}, strides {strides}, dilation {dilation} for a Tensor of "
            f"shape {x.shape}"
        )
    if min((*shape, *strides, *dilation), default=1) < 1:
        raise ValueError(
            f"windows: shape {shape}, strides {strides} and dilation {dilation} must be positive"
        )
    return _windows(x, shape=tuple(shape), strides=tuple(strides), dilation=tuple(dilation))


def fold(
    w: Tensor, size: Sizes, strides: Sizes | None = None, dilation: Sizes | None = None
) -> Tensor:
    """The adjoint of `windows`: each value back at its place, overlaps summed: (..., *size)."""
    ones = (1,) * len(size)
    strides, dilation = tuple(strides or ones), tuple(dilation or ones)
    return _fold(w, size=tuple(size), strides=strides, dilation=dilation)


def sliding_window_view(
    x: Tensor, window_shape: int | Sizes, axis: int | Sizes | None = None
) -> Tensor:
    """All windows of `window_shape` over the axes `axis`, one step apart: (*counts, *window_shape).

    Over the last axes for None. Raises ValueError unless there is a size for each axis, AxisError
    for an axis that x does not have.
    """
    shape = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    if axis is None:
        return windows(x, shape)
    name = "sliding_window_view"
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    axes = tuple([axis_of(name, a, x.ndim) for a in given])
    k = len(shape)
    if not len(set(axes)) == len(axes) == k:
        raise ValueError(f"{name}: window_shape {shape} for axis {axis}; expected one for each")
    seen = windows(moveaxis(x, axes, range(-k, 0)), shape)
    return moveaxis(seen, range(x.ndim - k, x.ndim), axes)
