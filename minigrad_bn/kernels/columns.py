"""A few channels of (A, C, L), a *tile*, row by row of length C L: for short runs of a channel.

What `channels` does. One value a column, L to a channel, is kept of each sum and of each factor, in
the rows of a scratch array. These lie a constant number of elements apart: the compiler sees that
they don't overlap, and works on vectors.
"""

from __future__ import annotations

import numpy as np

from .compiling import compiled

__all__ = [
    "W", "affine", "cross_sums_of", "moments_of", "products_of", "projection", "second_order",
]  # fmt: skip

W = 512
"""A tile has so many columns at most, and the rows of a scratch array lie so far apart."""


@compiled
def spread(values, length, row, to):
    """Write one value a channel as one a column, to a row of a scratch array."""
    for c in range(values.size):
        for j in range(c * length, (c + 1) * length):
            to[row * W + j] = values[c]


@compiled
def collected(s, row, count, length):
    """One value a column, added up to one for each of `count` channels."""
    out = np.zeros(count)
    for c in range(count):
        for j in range(c * length, (c + 1) * length):
            out[c] += s[row * W + j]
    return out


@compiled
def rows_of(x):
    """(A, C, L) as (A, C L)."""
    return x.reshape((x.shape[0], x.shape[1] * x.shape[2]))


@compiled
def moments_of(c0, x, start):
    """sum(x - start) and sum((x - start)^2), in float64."""
    n, length, s = start.size, x.shape[2], np.zeros(3 * W)
    spread(start, length, 2, s)
    xs = rows_of(x)
    here = slice(c0 * length, (c0 + n) * length)
    for i in range(x.shape[0]):
        row = xs[i, here]
        for j in range(row.size):
            u = np.float64(row[j]) - s[2 * W + j]
            s[j] += u
            s[W + j] += u * u
    return collected(s, 0, n, length), collected(s, 1, n, length)


@compiled
def products_of(c0, g, x, mean, low):
    """sum(g) and sum(g c) with c = (x - mean) - low, in float64."""
    n, length, s = mean.size, x.shape[2], np.zeros(4 * W)
    spread(mean, length, 2, s)
    spread(low, length, 3, s)
    gs, xs = rows_of(g), rows_of(x)
    here = slice(c0 * length, (c0 + n) * length)
    for i in range(x.shape[0]):
        row, value = gs[i, here], xs[i, here]
        for j in range(row.size):
            u = np.float64(row[j])
            s[j] += u
            s[W + j] += u * ((np.float64(value[j]) - s[2 * W + j]) - s[3 * W + j])
    return collected(s, 0, n, length), collected(s, 1, n, length)


@compiled
def cross_sums_of(c0, n, u, g):
    """sum(u g) of n channels, in float64."""
    s = np.zeros(W)
    us, gs = rows_of(u), rows_of(g)
    here = slice(c0 * u.shape[2], (c0 + n) * u.shape[2])
    for i in range(u.shape[0]):
        row, other = us[i, here], gs[i, here]
        for j in range(row.size):
            s[j] += np.float64(row[j]) * np.float64(other[j])
    return collected(s, 0, n, u.shape[2])


@compiled
def affine(c0, x, mean, low, factor, shift, y):
    """y = ((x - mean) - low) factor + shift."""
    n, length, f = mean.size, x.shape[2], np.empty(4 * W, x.dtype)
    spread(mean, length, 0, f)
    spread(low, length, 1, f)
    spread(factor, length, 2, f)
    spread(shift, length, 3, f)
    xs, ys = rows_of(x), rows_of(y)
    here = slice(c0 * length, (c0 + n) * length)
    for i in range(x.shape[0]):
        row, to = xs[i, here], ys[i, here]
        for j in range(row.size):
            to[j] = ((row[j] - f[j]) - f[W + j]) * f[2 * W + j] + f[3 * W + j]


@compiled
def projection(c0, g, x, mean, low, factors, by_x):
    """by_x = ((g - f0) - c f1) f2, where `factors` are (3, channels)."""
    n, length, f = mean.size, x.shape[2], np.empty(5 * W, x.dtype)
    spread(mean, length, 0, f)
    spread(low, length, 1, f)
    for k in range(3):
        spread(factors[k], length, 2 + k, f)
    gs, xs, by_xs = rows_of(g), rows_of(x), rows_of(by_x)
    here = slice(c0 * length, (c0 + n) * length)
    for i in range(x.shape[0]):
        row, value, to = gs[i, here], xs[i, here], by_xs[i, here]
        for j in range(row.size):
            c = (value[j] - f[j]) - f[W + j]
            to[j] = ((row[j] - f[2 * W + j]) - c * f[3 * W + j]) * f[4 * W + j]


@compiled
def second_order(c0, u, g, x, mean, low, factors, by_g, by_x):
    """What reaches g and x, by `numbers.second_order_from`; `factors` are (8, channels)."""
    n, length, f = mean.size, x.shape[2], np.empty(10 * W, x.dtype)
    spread(mean, length, 0, f)
    spread(low, length, 1, f)
    for k in range(8):
        spread(factors[k], length, 2 + k, f)
    gs, xs, us, by_gs, by_xs = rows_of(g), rows_of(x), rows_of(u), rows_of(by_g), rows_of(by_x)
    here = slice(c0 * length, (c0 + n) * length)
    for i in range(x.shape[0]):
        row, value, other = gs[i, here], xs[i, here], us[i, here]
        to = by_gs[i, here]
        for j in range(row.size):
            c = (value[j] - f[j]) - f[W + j]
            to[j] = ((other[j] - f[2 * W + j]) - c * f[3 * W + j]) * f[4 * W + j]
        to = by_xs[i, here]
        for j in range(row.size):
            c = (value[j] - f[j]) - f[W + j]
            mixed = (other[j] * f[5 * W + j] + row[j] * f[6 * W + j]) - f[7 * W + j]
            to[j] = (mixed + c * f[8 * W + j]) * f[9 * W + j]
