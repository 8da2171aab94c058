"""Sums over windows in compiled loops, and their gradient: down the rows first, then across.

The rows of a window are added up as they are, by vector instructions, and what is left to be added
across is one row. Back, the rows of a window receive one and the same row.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compiling import compiled, inlined
from .memory import new_array
from .pooling import in_two, planes_of
from .rows import contiguous
from .threads import parallel_for, shared

__all__ = ["sum_pool", "sum_pool_vjp"]


def sum_pool(x: Any, /, *, shape: Any, strides: Any) -> Any:
    """The sum of each window."""
    if len(shape) > 2 or not x.size:
        return NotImplemented
    planes, counts = planes_of(contiguous(x, x.shape), shape, strides, (1,) * len(shape))
    if math.prod(counts) == 1:
        return NotImplemented  # A sum over whole planes has no better form.
    y = new_array((*x.shape[: x.ndim - len(shape)], *counts), x.dtype)
    sums = y.reshape(len(planes), *in_two(counts))
    planes = planes.reshape(len(planes), *in_two(planes.shape[1:]))
    (down, right), (kh, kw) = in_two(strides), in_two(shape)
    parallel_for(add, len(planes), planes, kh, kw, down, right, sums, work=2 * x.size)
    return y


def sum_pool_vjp(g: Any, y: Any, x: Any, /, *, shape: Any, strides: Any) -> Any:
    """Every element receives what the windows over it receive."""
    if len(shape) > 2 or not g.size:
        return NotImplemented
    ones = (1,) * len(shape)
    gradients, counts = planes_of(contiguous(g, g.shape), ones, ones, ones)
    by_x = new_array(x.shape, g.dtype)
    planes = by_x.reshape(len(gradients), *in_two(x.shape[x.ndim - len(shape) :]))
    gradients = gradients.reshape(len(gradients), *in_two(counts))
    (down, right), (kh, kw) = in_two(strides), in_two(shape)
    parallel_for(spread, len(planes), gradients, kh, kw, down, right, planes, work=2 * by_x.size)
    return by_x


@shared
@compiled
def add(first, last, x, kh, kw, down, right, y):
    row = np.empty(x.shape[2], x.dtype)
    for p in range(first, last):
        for h in range(y.shape[1]):
            for j in range(row.size):
                row[j] = x[p, h * down, j]
            for i in range(1, kh):
                for j in range(row.size):
                    row[j] += x[p, h * down + i, j]
            # With a step that the compiler knows, these are vector instructions, too.
            if right == 1:
                add_across(row, kw, 1, y[p, h])
            elif right == 2:
                add_across(row, kw, 2, y[p, h])
            else:
                add_across(row, kw, right, y[p, h])


@inlined
def add_across(row, kw, right, out):
    for w in range(out.size):
        out[w] = row[w * right]
    for k in range(1, kw):
        part = row[k:]
        for w in range(out.size):
            out[w] += part[w * right]


@shared
@compiled
def spread(first, last, g, kh, kw, down, right, by_x):
    row = np.empty(by_x.shape[2], by_x.dtype)
    for p in range(first, last):
        by_x[p] = 0
        for h in range(g.shape[1]):
            row[:] = 0
            if right == 1:
                spread_across(g[p, h], kw, 1, row)
            elif right == 2:
                spread_across(g[p, h], kw, 2, row)
            else:
                spread_across(g[p, h], kw, right, row)
            for i in range(kh):
                for j in range(row.size):
                    by_x[p, h * down + i, j] += row[j]


@inlined
def spread_across(g, kw, right, row):
    for k in range(kw):
        part = row[k:]
        for w in range(g.size):
            part[w * right] += g[w]
