"""Batch norm of (A, C, L), compiled, along the rows of length C L: for short runs of a channel.

It goes over a few channels at a time, a *tile*, whose sums and factors stay in the first cache: one
element for each column, L to a channel. Each function fills its outputs for the tiles `first` to
`last`, of `width` channels; they are those of `channels`.
"""

from __future__ import annotations

import numpy as np

from .loops import compiled, fill_projection, fill_statistics

__all__ = ["normalise", "pull_back"]


@compiled
def spread(values, length):
    """One value a channel, as one a column."""
    out = np.empty(values.size * length, values.dtype)
    for c in range(values.size):
        for j in range(c * length, (c + 1) * length):
            out[j] = values[c]
    return out


@compiled
def summed(columns, length):
    """One value a column, added up to one a channel."""
    out = np.zeros(columns.size // length)
    for j in range(columns.size):
        out[j // length] += columns[j]
    return out


@compiled
def rows_of(x):
    """(A, C, L) as (A, C L)."""
    return x.reshape((x.shape[0], x.shape[1] * x.shape[2]))


@compiled
def add_one(first, second, start, mean, low, a, b):
    """What one row brings to the sums of `sums_of`, column by column."""
    for j in range(first.size):
        t = np.float64(a[j]) - start[j]
        first[j] += t
        second[j] += t * ((np.float64(b[j]) - mean[j]) - low[j])


@compiled
def add_four(first, second, start, mean, low, a0, a1, a2, a3, b0, b1, b2, b3):
    """The same of four rows at once: the sums are read and written a fourth as often."""
    for j in range(first.size):
        s, c, r = start[j], mean[j], low[j]
        t, u = np.float64(a0[j]) - s, np.float64(a1[j]) - s
        v, w = np.float64(a2[j]) - s, np.float64(a3[j]) - s
        first[j] += (t + u) + (v + w)
        t *= (np.float64(b0[j]) - c) - r
        u *= (np.float64(b1[j]) - c) - r
        v *= (np.float64(b2[j]) - c) - r
        w *= (np.float64(b3[j]) - c) - r
        second[j] += (t + u) + (v + w)


@compiled
def sums_of(c0, c1, a, start, b, mean, low):
    """For the channels c0 to c1, what `channels.sums_of` returns; four rows at a time."""
    length = a.shape[2]
    left, right, j0 = rows_of(a), rows_of(b), c0 * length
    begin = spread(start, length)
    centre, rest = spread(mean.astype(np.float64), length), spread(low.astype(np.float64), length)
    first, second = np.zeros(begin.size), np.zeros(begin.size)
    whole = a.shape[0] - a.shape[0] % 4
    run = slice(j0, j0 + begin.size)
    for i in range(0, whole, 4):
        add_four(
            first, second, begin, centre, rest,
            left[i, run], left[i + 1, run], left[i + 2, run], left[i + 3, run],
            right[i, run], right[i + 1, run], right[i + 2, run], right[i + 3, run],
        )  # fmt: skip
    for i in range(whole, a.shape[0]):
        add_one(first, second, begin, centre, rest, left[i, run], right[i, run])
    return summed(first, length), summed(second, length)


@compiled
def normalise(first, last, width, x, gamma, beta, eps, y, mean, low, var, inv_std):
    """y and the statistics."""
    length, m = x.shape[2], x.shape[0] * x.shape[2]
    rows, out = rows_of(x), rows_of(y)
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        start, zero = x[0, c0:c1, 0].astype(np.float64), np.zeros(c1 - c0)
        if x.itemsize == 8:  # There is no wider type to be exact in.
            start = start + sums_of(c0, c1, x, start, x, start, zero)[0] / m
        apart, square = sums_of(c0, c1, x, start, x, start, zero)
        scale = np.empty(c1 - c0, x.dtype)
        fill_statistics(c0, start, apart, square, m, gamma, eps, scale, mean, low, var, inv_std)
        centre, rest = spread(mean[c0:c1], length), spread(low[c0:c1], length)
        factor, shift = spread(scale, length), spread(beta[c0:c1], length)
        run = slice(c0 * length, c1 * length)
        for i in range(x.shape[0]):
            to, row = out[i, run], rows[i, run]
            for j in range(to.size):
                to[j] = ((row[j] - centre[j]) - rest[j]) * factor[j] + shift[j]


@compiled
def pull_back(first, last, width, g, x, gamma, mean, low, inv_std, by_x, sum_g, sum_g_x_hat):
    """gamma i P(g), and the two sums."""
    length, m = x.shape[2], x.shape[0] * x.shape[2]
    rows, values, out = rows_of(g), rows_of(x), rows_of(by_x)
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        p, q = sums_of(c0, c1, g, np.zeros(c1 - c0), x, mean[c0:c1], low[c0:c1])
        factors = np.empty((3, c1 - c0), x.dtype)
        fill_projection(c0, p, q, m, gamma, inv_std, factors, sum_g, sum_g_x_hat)
        centre, rest = spread(mean[c0:c1], length), spread(low[c0:c1], length)
        one, slope = spread(factors[0], length), spread(factors[1], length)
        scale, run = spread(factors[2], length), slice(c0 * length, c1 * length)
        for i in range(x.shape[0]):
            to, row, value = out[i, run], rows[i, run], values[i, run]
            for j in range(to.size):
                apart = (value[j] - centre[j]) - rest[j]
                to[j] = ((row[j] - one[j]) - apart * slope[j]) * scale[j]
