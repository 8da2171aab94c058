"""Sliding windows over the last axes, and their adjoint, in the words of the standard."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

__all__ = ["fold", "fold_into", "strided_layout", "windows"]

Sizes = tuple[int, ...]


def positions(size: int, window: int, stride: int, dilation: int) -> int:
    """How many windows fit along an axis of `size`."""
    return max(0, (size - dilation * (window - 1) - 1) // stride + 1)


def window_slices(
    size: tuple[int, ...],
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
) -> list[tuple[Any, ...]]:
    """For each place inside the window, the part of the input that is seen through it."""
    counts = [positions(*axis) for axis in zip(size, shape, strides, dilation, strict=True)]
    return [
        (
            ...,
            *(
                slice(k * d, k * d + (n - 1) * s + 1, s) if n else slice(0, 0, s)
                for k, d, n, s in zip(place, dilation, counts, strides, strict=True)
            ),
        )
        for place in product(*map(range, shape))
    ]


def windows(
    xp: Any, x: Any, shape: tuple[int, ...], strides: tuple[int, ...], dilation: tuple[int, ...]
) -> Any:
    """Windows of `shape` over the last axes: (..., *size) becomes (..., *counts, *shape)."""
    size = x.shape[-len(shape) :]
    parts = [x[slices] for slices in window_slices(size, shape, strides, dilation)]
    stacked = xp.stack(parts, axis=-1)
    return xp.reshape(stacked, (*stacked.shape[:-1], *shape))


def fold(
    xp: Any,
    w: Any,
    size: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Any:
    """The adjoint of `windows`: every value goes back to its place, overlaps add up."""
    k = len(size)
    shape = w.shape[-k:]
    lead = w.shape[: -2 * k]
    total = xp.zeros((*lead, *size), dtype=w.dtype, device=w.device)
    slices = window_slices(size, shape, strides, dilation)
    for place, seen in zip(product(*map(range, shape)), slices, strict=True):
        total = total + xp.scatter_add(w[(..., *place)], seen, total.shape)
    return total


def strided_layout(x: Any, shape: Sizes, strides: Sizes, dilation: Sizes) -> tuple[Sizes, Sizes]:
    """The shape and the strides of `windows` as a view, for libraries that have strides."""
    k = len(shape)
    size, steps = x.shape[-k:], x.strides[-k:]
    counts = [positions(*axis) for axis in zip(size, shape, strides, dilation, strict=True)]
    between = [step * s for step, s in zip(steps, strides, strict=True)]
    inside = [step * d for step, d in zip(steps, dilation, strict=True)]
    return (*x.shape[:-k], *counts, *shape), (*x.strides[:-k], *between, *inside)


def fold_into(zeros: Any, w: Any, size: Sizes, strides: Sizes, dilation: Sizes) -> Any:
    """`fold` for libraries that write in place; `zeros(shape, dtype=...)` makes the sum."""
    k = len(size)
    shape = w.shape[-k:]
    total = zeros((*w.shape[: -2 * k], *size), dtype=w.dtype)
    parts = w.reshape(*w.shape[:-k], math.prod(shape))
    for i, seen in enumerate(window_slices(size, shape, strides, dilation)):
        total[seen] += parts[..., i]
    return total
