"""The loops of a convolution that is computed as it is defined; see `direct` for the lines."""

from __future__ import annotations

import numpy as np

from .compiling import compiled, inlined
from .threads import shared

__all__ = ["LANES", "fill_inputs", "fill_outputs", "fill_totals"]

LANES = 32
"""A loop over so many elements, or a multiple, is made of vector instructions alone."""


@inlined
def numbers(lie):
    """What `direct.Lines` names, from an array: numba shares out no loop that is given a tuple."""
    return lie[0], lie[1], lie[2], lie[3], lie[4], lie[5], lie[6], lie[7]


@inlined
def copy(a, out):
    for i in range(out.size):
        out[i] = a[i]


@inlined
def lay_out(image, how, lines):
    """The image in zeros, line by line: one for each residue of rows and of columns."""
    top, left, down, right, _, step, _, _ = how
    for i in range(lines.size):
        lines[i] = 0
    if down * right > 1:
        move(image, how, lines, True)
        return
    for h in range(image.shape[0]):
        row = lines[(top + h) * step + left :]
        for w in range(image.shape[1]):
            row[w] = image[h, w]


@inlined
def move(image, how, lines, there):
    """Copy an image to its lines, or back; rows that no window sees are not in them."""
    top, left, down, right, rows, step, size, _ = how
    height, width = image.shape
    for residue in range(right):
        first = (residue - left) % right
        count = (width - first + right - 1) // right
        column = residue * size + (left + first) // right
        line, row = top % down, top // down
        for h in range(height):
            if row < rows:
                place = line * right * size + row * step + column
                here, part = image[h, first::right], lines[place : place + count]
                if there:
                    copy(here, part)
                else:
                    copy(part, here)
            line += 1
            if line == down:
                line, row = 0, row + 1


@inlined
def multiply_near(line, step, w, out):
    """Add what a 3x3 kernel sees, times its weights, to `out`."""
    a, b, c = line, line[step:], line[2 * step :]
    w0, w1, w2, w3, w4, w5, w6, w7, w8 = w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8]
    for i in range(out.size):
        out[i] += (
            w0 * a[i] + w1 * a[i + 1] + w2 * a[i + 2]
            + w3 * b[i] + w4 * b[i + 1] + w5 * b[i + 2]
            + w6 * c[i] + w7 * c[i + 1] + w8 * c[i + 2]
        )  # fmt: skip


@inlined
def multiply_three(a, b, c, w, out):
    w0, w1, w2 = w[0], w[1], w[2]
    for i in range(out.size):
        out[i] += w0 * a[i] + w1 * b[i] + w2 * c[i]


@inlined
def multiply_one(a, w, out):
    for i in range(out.size):
        out[i] += w * a[i]


@inlined
def multiply(lines, offsets, w, out):
    """Add what each place of the kernel sees, times its weight, to `out`."""
    for k in range(0, offsets.size - 2, 3):
        a, b, c = lines[offsets[k] :], lines[offsets[k + 1] :], lines[offsets[k + 2] :]
        multiply_three(a, b, c, w[k:], out)
    for k in range(offsets.size // 3 * 3, offsets.size):
        multiply_one(lines[offsets[k] :], w[k], out)


@inlined
def sum_near(line, step, g, total):
    """Add what a 3x3 kernel sees, times g, to the totals of its places."""
    a, b, c = line, line[step:], line[2 * step :]
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


@inlined
def product(a, g):
    total = g.dtype.type(0)
    for i in range(g.size):
        total += a[i] * g[i]
    return total


@shared
@compiled
def fill_outputs(start, stop, x, weight, bias, lie, offsets, y):
    """Fill y for the groups `start` to `stop`, those of all samples in a row."""
    how = numbers(lie)
    _, _, down, right, _, step, size, near = how
    outputs, inputs = weight.shape[0], weight.shape[1]
    groups = x.shape[1] // inputs
    each = outputs // groups
    height, width = y.shape[2], y.shape[3]
    lines = np.empty((inputs, down * right * size), x.dtype)
    out = np.empty(-(-height * step // LANES) * LANES, x.dtype)
    for unit in range(start, stop):
        n, group = unit // groups, unit % groups
        for i in range(inputs):
            lay_out(x[n, group * inputs + i], how, lines[i])
        for o in range(group * each, (group + 1) * each):
            for i in range(out.size):
                out[i] = bias[o]
            for i in range(inputs):
                if near:
                    multiply_near(lines[i], step, weight[o, i], out)
                else:
                    multiply(lines[i], offsets, weight[o, i], out)
            for h in range(height):
                row = out[h * step :]
                for w in range(width):
                    y[n, o, h, w] = row[w]


@shared
@compiled
def fill_inputs(start, stop, g, weight, lie, offsets, x):
    """Fill x for the groups `start` to `stop`, those of all samples in a row."""
    how = numbers(lie)
    _, _, down, right, _, step, size, _ = how
    outputs, inputs = weight.shape[0], weight.shape[1]
    groups = x.shape[1] // inputs
    each = outputs // groups
    height = g.shape[2]
    lines = np.empty(down * right * size, x.dtype)
    gradient = np.empty(-(-height * step // LANES) * LANES, x.dtype)
    plain = 0, 0, 1, 1, height, step, gradient.size, 0
    for unit in range(start, stop):
        n, group = unit // groups, unit % groups
        for i in range(group * inputs, (group + 1) * inputs):
            lines[:] = 0
            for o in range(group * each, (group + 1) * each):
                lay_out(g[n, o], plain, gradient)
                for k in range(offsets.size):
                    w = weight[o, i - group * inputs, k]
                    multiply_one(gradient, w, lines[offsets[k] : offsets[k] + gradient.size])
            x[n, i] = 0
            move(x[n, i], how, lines, False)


@shared
@compiled
def fill_totals(start, stop, x, g, lie, offsets, totals):
    """Add the products of each so many samples to the totals `start` to `stop`."""
    how = numbers(lie)
    _, _, down, right, _, step, size, near = how
    outputs, inputs = totals.shape[1], totals.shape[2]
    each = outputs * inputs // x.shape[1]
    height = g.shape[2]
    lines = np.empty((inputs, down * right * size), x.dtype)
    gradient = np.empty(-(-height * step // LANES) * LANES, x.dtype)
    plain = 0, 0, 1, 1, height, step, gradient.size, 0
    for part in range(start, stop):
        for n in range(part, x.shape[0], totals.shape[0]):
            for o in range(outputs):
                if o % each == 0:
                    for i in range(inputs):
                        lay_out(x[n, o // each * inputs + i], how, lines[i])
                lay_out(g[n, o], plain, gradient)
                for i in range(inputs):
                    if near:
                        sum_near(lines[i], step, gradient, totals[part, o, i])
                    else:
                        for k in range(offsets.size):
                            totals[part, o, i, k] += product(lines[i, offsets[k] :], gradient)
