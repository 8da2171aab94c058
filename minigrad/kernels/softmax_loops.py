"""softmax, its logarithm and their rules along the last axis, compiled for float32.

Some rows at a time, which stay in the first cache: row by row they are shifted by their largest
element, then all exponentials are taken at once, however short the rows are, and row by row they
are added up and divided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .compiling import compiled
from .exponential import exp_into
from .memory import new_array
from .rows import contiguous
from .threads import parallel_for, shared

__all__ = ["log_softmax", "log_softmax_vjp", "softmax", "softmax_vjp"]

BLOCK = 4096
"""So many elements are gone over at a time."""


def softmax(x: Any, /, *, axis: Any) -> Any:
    """exp(x) / sum(exp(x))."""
    return along_rows(softmax_rows, axis, x)


def softmax_vjp(g: Any, y: Any, x: Any, /, *, axis: Any) -> Any:
    """(g - sum(g y)) y."""
    return along_rows(softmax_vjp_rows, axis, g, y)


def log_softmax(x: Any, /, *, axis: Any) -> Any:
    """x - log(sum(exp(x)))."""
    return along_rows(log_softmax_rows, axis, x)


def log_softmax_vjp(g: Any, y: Any, x: Any, /, *, axis: Any) -> Any:
    """g - exp(y) sum(g)."""
    return along_rows(log_softmax_vjp_rows, axis, g, y)


def along_rows(loop: Callable[..., None], axis: Any, *arrays: Any) -> Any:
    """What a loop over rows computes, if the rows are the last axis of arrays of one dtype."""
    first = arrays[0]
    last = axis in (-1, first.ndim - 1) and first.size > 0
    if not last or any(x.dtype != first.dtype for x in arrays):
        return NotImplemented
    m = first.shape[-1]
    shape = first.size // m, m
    y = new_array(first.shape, first.dtype)
    rows = [contiguous(x, shape) for x in arrays]
    parallel_for(loop, shape[0], max(1, BLOCK // m), *rows, y.reshape(shape), work=8 * first.size)
    return y


@shared
@compiled
def softmax_rows(first, last, step, x, y):
    m, bits = x.shape[1], x.view(np.int32)
    shifted = np.empty((step, m), x.dtype)
    for i in range(first, last, step):
        j = min(i + step, last)
        for r in range(i, j):
            top = largest(bits[r])
            for k in range(m):
                shifted[r - i, k] = x[r, k] - top
        exp_into(shifted[: j - i].reshape(-1), y[i:j].reshape(-1))
        for r in range(i, j):
            row = y[r]
            factor = row.dtype.type(1 / total(row))
            for k in range(m):
                row[k] = row[k] * factor


@shared
@compiled
def log_softmax_rows(first, last, step, x, y):
    m, bits = x.shape[1], x.view(np.int32)
    e = np.empty((step, m), x.dtype)
    for i in range(first, last, step):
        j = min(i + step, last)
        for r in range(i, j):
            top = largest(bits[r])
            for k in range(m):
                y[r, k] = x[r, k] - top
        exp_into(y[i:j].reshape(-1), e[: j - i].reshape(-1))
        for r in range(i, j):
            row = y[r]
            log = row.dtype.type(np.log(total(e[r - i])))
            for k in range(m):
                row[k] = row[k] - log


@shared
@compiled
def softmax_vjp_rows(first, last, step, g, y, by_x):
    for r in range(first, last):
        ys, gs, row = y[r], g[r], by_x[r]
        s = 0.0
        for k in range(row.size):
            s += np.float64(gs[k] * ys[k])
        along = row.dtype.type(s)
        for k in range(row.size):
            row[k] = ys[k] * (gs[k] - along)


@shared
@compiled
def log_softmax_vjp_rows(first, last, step, g, y, by_x):
    for i in range(first, last, step):
        j = min(i + step, last)
        exp_into(y[i:j].reshape(-1), by_x[i:j].reshape(-1))
        for r in range(i, j):
            gs, row = g[r], by_x[r]
            s = row.dtype.type(total(gs))
            for k in range(row.size):
                row[k] = gs[k] - row[k] * s


@compiled
def total(row):
    """The sum, in float64."""
    s = 0.0
    for k in range(row.size):
        s += np.float64(row[k])
    return s


@compiled
def largest(bits):
    """The largest of floats, given as integers; NaN is as large as can be, or as small.

    But for the sign, floats are ordered as their bits are, and the largest of integers is found by
    vector instructions.
    """
    top = np.int32(-(2**31))
    for k in range(bits.size):
        top = max(top, bits[k] ^ ((bits[k] >> 31) & np.int32(0x7FFFFFFF)))
    return np.int32(top ^ ((top >> 31) & np.int32(0x7FFFFFFF))).view(np.float32)
