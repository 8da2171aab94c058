"""Max pooling in compiled loops: each element is looked at where it lies, once for each window.

Place by place of the window, what all windows of a plane see there is gathered side by side, and
compared with the best so far by vector instructions. Back, each gradient goes where it belongs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compiling import exactly, inlined
from .memory import new_array
from .pooling import in_two, planes_of
from .rows import contiguous
from .threads import parallel_for, shared

__all__ = ["max_pool", "max_pool_vjp"]

FEW = 32
"""Windows of a plane that are too few for loops of their own: NumPy sees several planes at once."""


def max_pool(x: Any, /, *, shape: Any, strides: Any, dilation: Any) -> Any:
    """The maximum of each window, and the number of its place: the first of equals; NaN wins."""
    if len(shape) > 2 or math.prod(shape) > 256 or not x.size:
        return NotImplemented
    planes, counts = planes_of(contiguous(x, x.shape), shape, strides, dilation)
    if math.prod(counts) < FEW:
        return NotImplemented
    many = len(planes), *in_two(counts)
    planes = planes.reshape(len(planes), *in_two(planes.shape[1:]))
    of_windows = *x.shape[: x.ndim - len(shape)], *counts
    y, winner = new_array(of_windows, x.dtype), new_array(of_windows, np.uint8)
    sizes = *in_two(shape), *in_two(strides), *in_two(dilation)
    found = y.reshape(many), winner.reshape(many)
    parallel_for(choose, len(planes), planes, *sizes, *found, work=2 * (x.size + 4 * y.size))
    return y, winner


def max_pool_vjp(
    g: Any, y: Any, residuals: Any, x: Any, /, *, shape: Any, strides: Any, dilation: Any
) -> Any:
    """The place that won receives the gradient."""
    if len(shape) > 2:
        return NotImplemented
    ones = (1,) * len(shape)
    gradients, counts = planes_of(np.ascontiguousarray(g), ones, ones, ones)
    many = (len(gradients), *in_two(counts))
    winner = np.ascontiguousarray(residuals[0]).reshape(many)
    total = new_array(x.shape, g.dtype)
    height, width = in_two(x.shape[x.ndim - len(shape) :])
    (rows, columns), (down, right) = in_two(shape), in_two(dilation)
    # How far each place lies from the first of its window.
    offsets = np.add.outer(np.arange(rows) * down * width, np.arange(columns) * right).reshape(-1)
    arrays = gradients.reshape(many), winner, total.reshape(len(gradients), height * width)
    sh, sw = in_two(strides)
    parallel_for(put, len(gradients), *arrays, offsets, sh * width, sw, work=g.size + x.size)
    return total


@shared
@exactly
def choose(first, last, x, rows, columns, down, right, apart, beside, y, winner):
    """For planes of x: windows are `down` and `right` apart, places `apart` and `beside`."""
    seen = np.empty(y.shape[1:], y.dtype)
    number = np.empty(seen.size, np.int32)
    for p in range(first, last):
        best, winners = y[p].reshape(-1), winner[p].reshape(-1)
        number[:] = 0
        for a in range(rows):
            for b in range(columns):
                i = a * columns + b
                target = seen if i else y[p]
                # With a step that the compiler knows, these are vector instructions, too.
                if right == 1:
                    gather(x[p], a * apart, b * beside, down, 1, target)
                elif right == 2:
                    gather(x[p], a * apart, b * beside, down, 2, target)
                else:
                    gather(x[p], a * apart, b * beside, down, right, target)
                if i:
                    compare(seen.reshape(-1), np.int32(i), best, number)
        for j in range(number.size):
            winners[j] = number[j]


@inlined
def gather(plane, top, left, down, right, seen):
    for h in range(seen.shape[0]):
        row = plane[top + h * down][left:]
        for w in range(seen.shape[1]):
            seen[h, w] = row[w * right]


@inlined
def compare(seen, i, best, number):
    for j in range(best.size):
        candidate, so_far = seen[j], best[j]
        better = (candidate > so_far) | (candidate != candidate)
        best[j] = candidate if better else so_far
        number[j] = i if better else number[j]


@shared
@exactly
def put(start, stop, g, winner, total, offsets, down, right):
    for p in range(start, stop):
        total[p] = 0
        for h in range(g.shape[1]):
            for w in range(g.shape[2]):
                total[p, h * down + w * right + offsets[winner[p, h, w]]] += g[p, h, w]
