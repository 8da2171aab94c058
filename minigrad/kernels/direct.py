"""Convolution 3x3 as it is defined, compiled: each output is a sum of inputs times weights.

An image is laid out in one line, with the zeros around it. An output is computed for each place of
the line at once, from three rows that begin in it one row apart, in one long loop, and what lies
behind the end of a row is left out. A few channels in a group, or one, need no more than this.

Shapes: x (N, C, height, width), w (O, C / groups, 3, 3), g and the convolution (N, O, *positions).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .convolution import PARTS
from .rows import contiguous
from .threads import parallel_for

__all__ = ["convolve", "correlate"]

compiled: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})


def convolve(x: Any, weight: Any, bias: Any, padding: Any, y: Any) -> bool:
    """Fill y with the convolution plus the bias. Returns True."""
    (top, _), (left, _) = padding
    w = contiguous(weight, (*weight.shape[:2], 9))
    units = len(x) * (x.shape[1] // w.shape[1])
    parallel_for(fill_outputs, units, x, w, bias, top, left, y, work=w.shape[1] * y.size)
    return True


def correlate(x: Any, g: Any, padding: Any, weight: Any) -> bool:
    """Fill the gradient by the weight. Returns whether all of it is finite: zeros meet all of x."""
    (top, _), (left, _) = padding
    parts = min(PARTS, len(x))
    totals = np.zeros((parts, *weight.shape[:2], 9), x.dtype)
    work = weight.shape[1] * g.size
    parallel_for(fill_totals, parts, x, g, top, left, totals, work=work)
    np.add.reduce(totals, 0, out=weight.reshape(totals.shape[1:]))
    return bool(np.isfinite(weight).all())


@compiled
def lay_out(x: Any, top: int, left: int, width: int, line: Any) -> None:
    """The image x, its first element at (top, left) of rows of `width`, in zeros."""
    for i in range(line.size):
        line[i] = 0
    for h in range(x.shape[0]):
        row = line[(top + h) * width + left :]
        for w in range(x.shape[1]):
            row[w] = x[h, w]


@compiled
def multiply(line: Any, width: int, w: Any, out: Any) -> None:
    """Add what each place sees, times the weights, to `out`."""
    a, b, c = line, line[width:], line[2 * width :]
    w0, w1, w2, w3, w4, w5, w6, w7, w8 = w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8]
    for i in range(out.size):
        out[i] += (
            w0 * a[i] + w1 * a[i + 1] + w2 * a[i + 2]
            + w3 * b[i] + w4 * b[i + 1] + w5 * b[i + 2]
            + w6 * c[i] + w7 * c[i + 1] + w8 * c[i + 2]
        )  # fmt: skip


@compiled
def add_products(line: Any, width: int, g: Any, total: Any) -> None:
    """Add what each place sees, times g, to the nine totals."""
    a, b, c = line, line[width:], line[2 * width :]
    t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = t8 = g.dtype.type(0)
    for i in range(g.size):
        u = g[i]
        t0 += u * a[i]
        t1 += u * a[i + 1]
        t2 += u * a[i + 2]
        t3 += u * b[i]
        t4 += u * b[i + 1]
        t5 += u * b[i + 2]
        t6 += u * c[i]
        t7 += u * c[i + 1]
        t8 += u * c[i + 2]
    for k, t in enumerate((t0, t1, t2, t3, t4, t5, t6, t7, t8)):
        total[k] += t


@compiled
def fill_outputs(
    start: int, stop: int, x: Any, weight: Any, bias: Any, top: int, left: int, y: Any
) -> None:
    """Fill y for the groups `start` to `stop` of all samples."""
    outputs, inputs = weight.shape[0], weight.shape[1]
    groups = x.shape[1] // inputs
    each = outputs // groups
    height, width = y.shape[2], y.shape[3]
    step = width + 2
    lines = np.empty((inputs, (height + 2) * step + 2), x.dtype)
    out = np.empty(height * step, x.dtype)
    for unit in range(start, stop):
        n, group = unit // groups, unit % groups
        for i in range(inputs):
            lay_out(x[n, group * inputs + i], top, left, step, lines[i])
        for o in range(group * each, (group + 1) * each):
            for i in range(out.size):
                out[i] = bias[o]
            for i in range(inputs):
                multiply(lines[i], step, weight[o, i], out)
            for h in range(height):
                row = out[h * step :]
                for w in range(width):
                    y[n, o, h, w] = row[w]


@compiled
def fill_totals(start: int, stop: int, x: Any, g: Any, top: int, left: int, totals: Any) -> None:
    """Add the products of each so many samples to the totals `start` to `stop`."""
    outputs, inputs = totals.shape[1], totals.shape[2]
    each = outputs * inputs // x.shape[1]
    height, width = g.shape[2], g.shape[3]
    step = width + 2
    lines = np.empty((inputs, (height + 2) * step + 2), x.dtype)
    gradient = np.empty(height * step, x.dtype)
    for part in range(start, stop):
        for n in range(part, x.shape[0], totals.shape[0]):
            for o in range(outputs):
                first = o // each * inputs
                if o % each == 0:
                    for i in range(inputs):
                        lay_out(x[n, first + i], top, left, step, lines[i])
                lay_out(g[n, o], 0, 0, step, gradient)
                for i in range(inputs):
                    add_products(lines[i], step, gradient, totals[part, o, i])
