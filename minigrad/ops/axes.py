"""Axes: which ones an argument means, and how a reduced shape finds back to the full one."""

from __future__ import annotations

import math
from typing import Any

from numpy.exceptions import AxisError

__all__ = ["Axis", "axes_of", "axis_of", "count_of", "require_matrices", "restore_axes"]

Axis = int | tuple[int, ...] | None


def axis_of(name: str, axis: int, ndim: int) -> int:
    """A single axis as a number from 0. Raises AxisError, which is a ValueError and IndexError."""
    if not -ndim <= axis < ndim:
        raise AxisError(f"{name}: axis {axis} is out of bounds for {ndim} dimensions")
    return axis % ndim


def require_matrices(name: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError for a shape of fewer than two axes."""
    if len(shape) < 2:
        raise ValueError(f"{name}: a Tensor of shape {shape} has no matrices")


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The reduced axes as numbers from 0; all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def count_of(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements are reduced to one."""
    if axis is None:
        return math.prod(shape)
    return math.prod([shape[a] for a in axes_of(axis, len(shape))])


def restore_axes(xp: Any, a: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """A result of reducing `shape`, with the reduced axes back as axes of size 1."""
    if keepdims or axis is None:
        return a
    axes = axes_of(axis, len(shape))
    return xp.reshape(a, tuple(1 if i in axes else n for i, n in enumerate(shape)))
