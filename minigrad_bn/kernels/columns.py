"""Batch norm of (A, C, L), compiled, along the rows of length C L: for short runs of a channel.

It goes over a few channels at a time, a *tile*, row by row. One value a column, L to a channel, is
kept of each sum and of each factor, in the rows of a scratch array. These lie a constant number of
elements apart: the compiler sees that they don't overlap, and works on vectors. Each function fills
its outputs for the tiles `first` to `last`, of `width` channels; they are those of `channels`.
"""

from __future__ import annotations

import numpy as np

from .loops import compiled, fill_projection, fill_statistics

__all__ = ["COLUMNS", "normalise", "pull_back"]

COLUMNS = 512
"""A tile has so many columns at most."""

# Where in the scratch array a row begins: in that of the sums,
START, MEAN, LOW, FIRST, SECOND = (COLUMNS * k for k in range(5))
# and in that of the factors, beside MEAN and LOW.
SHIFT, FACTOR, SLOPE = START, FIRST, SECOND


@compiled
def spread(values, length, row, to):
    """Write one value a channel as one a column: `to` is a scratch array, `row` one of its rows."""
    for c in range(values.size):
        for j in range(row + c * length, row + (c + 1) * length):
            to[j] = values[c]


@compiled
def collected(s, row, channels, length):
    """One value a column, added up to one a channel."""
    out = np.zeros(channels)
    for c in range(channels):
        for j in range(row + c * length, row + (c + 1) * length):
            out[c] += s[j]
    return out


@compiled
def rows_of(x):
    """(A, C, L) as (A, C L)."""
    return x.reshape((x.shape[0], x.shape[1] * x.shape[2]))


@compiled
def moments_of(c0, x, start):
    """For the channels from c0 on: sum(x - start) and sum((x - start)^2), in float64."""
    length, s = x.shape[2], np.zeros(5 * COLUMNS)
    spread(start, length, START, s)
    rows, j0, n = rows_of(x), c0 * length, start.size * length
    for i in range(rows.shape[0]):
        row = rows[i, j0 : j0 + n]
        for j in range(n):
            u = np.float64(row[j]) - s[START + j]
            s[FIRST + j] += u
            s[SECOND + j] += u * u
    return collected(s, FIRST, start.size, length), collected(s, SECOND, start.size, length)


@compiled
def products_of(c0, g, x, mean, low):
    """For the channels from c0 on: sum(g) and sum(g ((x - mean) - low)), in float64."""
    length, s = x.shape[2], np.zeros(5 * COLUMNS)
    spread(mean, length, MEAN, s)
    spread(low, length, LOW, s)
    rows, values, j0, n = rows_of(g), rows_of(x), c0 * length, mean.size * length
    for i in range(rows.shape[0]):
        row, value = rows[i, j0 : j0 + n], values[i, j0 : j0 + n]
        for j in range(n):
            u = np.float64(row[j])
            s[FIRST + j] += u
            s[SECOND + j] += u * ((np.float64(value[j]) - s[MEAN + j]) - s[LOW + j])
    return collected(s, FIRST, mean.size, length), collected(s, SECOND, mean.size, length)


@compiled
def normalise(first, last, width, x, gamma, beta, eps, y, mean, low, var, inv_std):
    """y and the statistics."""
    length, m = x.shape[2], x.shape[0] * x.shape[2]
    rows, out, f = rows_of(x), rows_of(y), np.empty(5 * COLUMNS, x.dtype)
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        start = x[0, c0:c1, 0].astype(np.float64)
        if x.itemsize == 8:  # There is no wider type to be exact in.
            start = start + moments_of(c0, x, start)[0] / m
        apart, square = moments_of(c0, x, start)
        scale = np.empty(c1 - c0, x.dtype)
        fill_statistics(c0, start, apart, square, m, gamma, eps, scale, mean, low, var, inv_std)
        spread(mean[c0:c1], length, MEAN, f)
        spread(low[c0:c1], length, LOW, f)
        spread(scale, length, FACTOR, f)
        spread(beta[c0:c1], length, SHIFT, f)
        j0, n = c0 * length, (c1 - c0) * length
        for i in range(rows.shape[0]):
            to, row = out[i, j0 : j0 + n], rows[i, j0 : j0 + n]
            for j in range(n):
                centred = (row[j] - f[MEAN + j]) - f[LOW + j]
                to[j] = centred * f[FACTOR + j] + f[SHIFT + j]


@compiled
def pull_back(first, last, width, g, x, gamma, mean, low, inv_std, by_x, sum_g, sum_g_x_hat):
    """gamma i P(g), and the two sums."""
    length, m = x.shape[2], x.shape[0] * x.shape[2]
    rows, values, out = rows_of(g), rows_of(x), rows_of(by_x)
    f = np.empty(5 * COLUMNS, x.dtype)
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        p, q = products_of(c0, g, x, mean[c0:c1], low[c0:c1])
        factors = np.empty((3, c1 - c0), x.dtype)
        fill_projection(c0, p, q, m, gamma, inv_std, factors, sum_g, sum_g_x_hat)
        spread(mean[c0:c1], length, MEAN, f)
        spread(low[c0:c1], length, LOW, f)
        spread(factors[0], length, SHIFT, f)
        spread(factors[1], length, SLOPE, f)
        spread(factors[2], length, FACTOR, f)
        j0, n = c0 * length, (c1 - c0) * length
        for i in range(rows.shape[0]):
            to, row, value = out[i, j0 : j0 + n], rows[i, j0 : j0 + n], values[i, j0 : j0 + n]
            for j in range(n):
                centred = (value[j] - f[MEAN + j]) - f[LOW + j]
                to[j] = ((row[j] - f[SHIFT + j]) - centred * f[SLOPE + j]) * f[FACTOR + j]
