"""Winograd's F(2x2, 3x3) and its gradient by the weight, compiled: transforms and products.

What is added lies side by side: the channels of some samples, and those of the tiles of a row. Even
and odd columns of an image are laid apart, since tiles are two columns from each other.

Shapes: images (samples, channels, height, width); laid out (rows, 2, columns / 2, samples,
channels), where the 2 are even and odd; transformed tiles (4, 4, rows of tiles, tiles of a row,
samples, channels), where the first two are the places of a tile. A row of `blocks` is a Block.
"""

from __future__ import annotations

import numpy as np

from .compiling import compiled, inlined
from .threads import shared

__all__ = ["convolve", "correlate"]


@inlined
def clear(out):
    for i in range(out.size):
        out[i] = 0


@inlined
def copy(a, out):
    for i in range(out.size):
        out[i] = a[i]


@inlined
def plus(a, b, out):
    for i in range(out.size):
        out[i] = a[i] + b[i]


@inlined
def minus(a, b, out):
    for i in range(out.size):
        out[i] = a[i] - b[i]


@inlined
def sum_of(a, b, c, out):
    for i in range(out.size):
        out[i] = a[i] + b[i] + c[i]


@inlined
def alternate(a, b, c, out):
    for i in range(out.size):
        out[i] = a[i] - b[i] + c[i]


@compiled
def lay_out(x, top, left, laid):
    """What x has in the rows and columns from `top` and `left` on, zeros where it has nothing."""
    samples, channels, height, width = x.shape
    for r in range(laid.shape[0]):
        h = top + r
        if not 0 <= h < height:
            clear(laid[r].reshape(-1))
            continue
        for s in range(samples):
            for j in range(laid.shape[2]):
                for odd in range(2):
                    w = left + 2 * j + odd
                    if not 0 <= w < width:
                        clear(laid[r, odd, j, s])
                        continue
                    for c in range(channels):
                        laid[r, odd, j, s, c] = x[s, c, h, w]


@compiled
def transform_input(x, top, left, width, tiles):
    """B^T d B of each tile d, 4x4, `width` of them in a row, two rows or columns apart.

    The first tile of a sample begins at `top` and `left`.
    """
    samples, channels, count = x.shape[0], x.shape[1], tiles.shape[2]
    laid = np.empty((2 * count + 2, 2, width + 1, samples, channels), x.dtype)
    lay_out(x, top, left, laid)
    lines = laid.reshape(2 * count + 2, -1)
    out = tiles.reshape(4, 4, count, -1)
    rows = np.empty((4, lines.shape[1]), x.dtype)
    step, half = samples * channels, lines.shape[1] // 2
    for i in range(count):
        a, b, c, d = lines[2 * i], lines[2 * i + 1], lines[2 * i + 2], lines[2 * i + 3]
        minus(a, c, rows[0])
        plus(b, c, rows[1])
        minus(c, b, rows[2])
        minus(d, b, rows[3])
        for k in range(4):
            even, odd = rows[k, :half], rows[k, half:]
            minus(even[:-step], even[step:], out[k, 0, i])
            plus(odd[:-step], even[step:], out[k, 1, i])
            minus(even[step:], odd[:-step], out[k, 2, i])
            minus(odd[step:], odd[:-step], out[k, 3, i])


@compiled
def transform_gradient(g, top, width, tiles):
    """A g A^T of each tile g, 2x2; the first of a sample begins at `top`."""
    samples, channels, count = g.shape[0], g.shape[1], tiles.shape[2]
    laid = np.empty((2 * count, 2, width, samples, channels), g.dtype)
    lay_out(g, top, 0, laid)
    lines = laid.reshape(2 * count, -1)
    out = tiles.reshape(4, 4, count, -1)
    rows = np.empty((4, lines.shape[1]), g.dtype)
    half = lines.shape[1] // 2
    for i in range(count):
        copy(lines[2 * i], rows[0])
        plus(lines[2 * i], lines[2 * i + 1], rows[1])
        minus(lines[2 * i], lines[2 * i + 1], rows[2])
        copy(lines[2 * i + 1], rows[3])
        for k in range(4):
            even, odd = rows[k, :half], rows[k, half:]
            copy(even, out[k, 0, i])
            plus(even, odd, out[k, 1, i])
            minus(even, odd, out[k, 2, i])
            copy(odd, out[k, 3, i])


@compiled
def transform_output(tiles, bias, top, y):
    """A^T m A of each tile m, plus a bias, written to y from row `top` on.

    Returns whether all of it is finite.
    """
    samples, channels, height, width = y.shape
    m = tiles.reshape(4, 4, tiles.shape[2], -1)
    rows = np.empty((2, 4, m.shape[3]), y.dtype)
    laid = np.empty((2, tiles.shape[3], samples, channels), y.dtype)
    line = laid.reshape(2, -1)
    zero = y.dtype.type(0)
    for i in range(tiles.shape[2]):
        for k in range(4):
            sum_of(m[0, k, i], m[1, k, i], m[2, k, i], rows[0, k])
            alternate(m[1, k, i], m[2, k, i], m[3, k, i], rows[1, k])
        h = top + 2 * i
        for p in range(min(2, height - h)):
            sum_of(rows[p, 0], rows[p, 1], rows[p, 2], line[0])
            alternate(rows[p, 1], rows[p, 2], rows[p, 3], line[1])
            for odd in range(2):
                for j in range(line.shape[1]):
                    zero += line[odd, j] * 0  # NaN for what is not finite.
            for s in range(samples):
                for c in range(channels):
                    for w in range(width):
                        y[s, c, h + p, w] = laid[w & 1, w >> 1, s, c] + bias[c]
    return zero == 0


@shared
@compiled
def convolve(start, stop, blocks, most, x, top, left, width, weight, step, bias, y, finite):
    """Fill the blocks `start` to `stop` of y, and say of each whether all of it is finite.

    A block has `most` tiles at most, and a product goes over `step` of them. The weight is
    transformed: (16, inputs, outputs).
    """
    inputs, outputs = weight.shape[1], weight.shape[2]
    tiles_memory = np.empty(16 * most * inputs, x.dtype)
    found_memory = np.empty(16 * most * outputs, x.dtype)
    for n in range(start, stop):
        first, last, low, high = blocks[n]
        lie = 4, 4, high - low, width, last - first
        count = (high - low) * width * (last - first)
        a = tiles_memory[: 16 * count * inputs].reshape(16, count, inputs)
        b = found_memory[: 16 * count * outputs].reshape(16, count, outputs)
        transform_input(x[first:last], 2 * low - top, -left, width, a.reshape((*lie, inputs)))
        for place in range(16):
            for i in range(0, count, step):
                np.dot(a[place, i : i + step], weight[place], b[place, i : i + step])
        finite[n] = transform_output(b.reshape((*lie, outputs)), bias, 2 * low, y[first:last])


@shared
@compiled
def correlate(start, stop, blocks, most, x, top, left, width, g, step, totals):
    """Add the products of each so many blocks to the totals `start` to `stop`."""
    parts, inputs, outputs = totals.shape[0], totals.shape[2], totals.shape[3]
    x_memory = np.empty(16 * most * inputs, x.dtype)
    g_memory = np.empty(16 * most * outputs, x.dtype)
    more = np.empty((inputs, outputs), x.dtype)
    for part in range(start, stop):
        for n in range(part, len(blocks), parts):
            first, last, low, high = blocks[n]
            lie = 4, 4, high - low, width, last - first
            count = (high - low) * width * (last - first)
            a = x_memory[: 16 * count * inputs].reshape(16, count, inputs)
            b = g_memory[: 16 * count * outputs].reshape(16, count, outputs)
            transform_input(x[first:last], 2 * low - top, -left, width, a.reshape((*lie, inputs)))
            transform_gradient(g[first:last], 2 * low, width, b.reshape((*lie, outputs)))
            for place in range(16):
                total = totals[part, place].reshape(-1)
                for i in range(0, count, step):
                    np.dot(a[place, i : i + step].T, b[place, i : i + step], more)
                    plus(total, more.reshape(-1), total)
