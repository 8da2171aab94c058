"""Convolution as it is defined, compiled: each output is a sum of inputs times weights.

An image is laid out in one line, with the zeros around it. What a place of the kernel sees is then
the line from some element on, for all windows at once, and an output is a sum of nine such lines,
or as many as the kernel has places, in long loops. What lies behind the end of a row of windows is
left out. With strides there is a line for each residue of rows and of columns.

Shapes: x (N, C, height, width), w (O, C / groups, rows, columns), g and the convolution (N, O,
*positions).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .columns import Lie
from .convolution import PARTS
from .direct_loops import LANES, fill_inputs, fill_outputs, fill_totals
from .threads import parallel_for

__all__ = ["convolve", "correlate", "spread"]

ALIKE = 4
"""So many multiplications take as long as one element read or written."""


class Lines(NamedTuple):
    """Where everything is in the lines of an image."""

    top: int
    left: int
    down: int
    right: int
    """The padding before, and the strides: there are down * right lines."""

    rows: int
    step: int
    """Rows of a line, and the elements of each."""

    size: int
    """Elements of a line, with those that a loop may touch behind its end."""

    near: int
    """1 if the kernel is 3x3 at neighbours, whose places have a loop of their own; or else 0."""


@lru_cache(maxsize=256)
def lines_of(lie: Lie) -> tuple[Any, Any]:
    """The lines, as an array, and where in them, one after another, the kernel's places begin."""
    (top, _), (left, _) = lie.padding
    down, right = lie.strides
    last, end = (d * (n - 1) for d, n in zip(lie.dilation, lie.kernel, strict=True))
    rows, step = lie.counts[0] + last // down, -(-lie.padded[1] // right)
    near = int((*lie.kernel, *lie.strides, *lie.dilation) == (3, 3, 1, 1, 1, 1))
    size = rows * step + end // right + LANES
    h, w = np.indices(lie.kernel).reshape(2, -1) * np.array(lie.dilation)[:, None]
    offsets = (h % down * right + w % right) * size + h // down * step + w // right
    return np.array(Lines(top, left, down, right, rows, step, size, near)), offsets


def convolve(lie: Lie, x: Any, weight: Any, bias: Any, y: Any) -> bool:
    """Fill y with the convolution plus the bias. Returns True."""
    w = weight.reshape(*weight.shape[:2], -1)
    units = len(x) * (x.shape[1] // w.shape[1])
    work = y.size * (2 + w[0].size // ALIKE)
    parallel_for(fill_outputs, units, x, w, bias, *lines_of(lie), y, work=work)
    return True


def spread(lie: Lie, g: Any, weight: Any, x: Any) -> None:
    """Fill x with the gradient by the input. The weight is finite."""
    w = weight.reshape(*weight.shape[:2], -1)
    units = len(x) * (x.shape[1] // w.shape[1])
    work = g.size * (2 + w[0].size // ALIKE)
    parallel_for(fill_inputs, units, g, w, *lines_of(lie), x, work=work)


def correlate(lie: Lie, x: Any, g: Any, weight: Any) -> bool:
    """Fill the gradient by the weight. Returns whether all of it is finite: zeros meet all of x."""
    parts = min(PARTS, len(x))
    totals = np.zeros((parts, *weight.shape[:2], weight[0, 0].size), x.dtype)
    work = g.size * (2 + weight[0].size // ALIKE)
    parallel_for(fill_totals, parts, x, g, *lines_of(lie), totals, work=work)
    np.add.reduce(totals, 0, out=weight.reshape(totals.shape[1:]))
    return bool(np.isfinite(weight).all())
