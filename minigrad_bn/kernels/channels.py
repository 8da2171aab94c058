"""Batch norm of (A, C, L), compiled, for values of a channel that lie side by side in runs.

It goes over a few channels at a time, a *tile*, in the order of memory, and comes back to it while
it is in the cache. `columns` is for short runs. Each function fills its outputs for the tiles
`first` to `last`, of `width` channels.
"""

from __future__ import annotations

import numpy as np

from .loops import compiled, fill_projection, fill_statistics

__all__ = ["normalise", "pull_back"]


@compiled
def sums_of(c0, c1, a, start, b, mean, low):
    """For the channels c0 to c1: sum(a - start) and sum((a - start) ((b - mean) - low)), float64.

    `start`, `mean` and `low` have one value for each of these channels.
    """
    first, second = np.zeros(c1 - c0), np.zeros(c1 - c0)
    for i in range(a.shape[0]):
        for k in range(c1 - c0):
            from_a, centre, rest = start[k], np.float64(mean[k]), np.float64(low[k])
            p = q = 0.0
            for j in range(a.shape[2]):
                u = np.float64(a[i, c0 + k, j]) - from_a
                p += u
                q += u * ((np.float64(b[i, c0 + k, j]) - centre) - rest)
            first[k] += p
            second[k] += q
    return first, second


@compiled
def normalise(first, last, width, x, gamma, beta, eps, y, mean, low, var, inv_std):
    """y and the statistics."""
    m = x.shape[0] * x.shape[2]
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        start, zero = x[0, c0:c1, 0].astype(np.float64), np.zeros(c1 - c0)
        if x.itemsize == 8:  # There is no wider type to be exact in.
            start = start + sums_of(c0, c1, x, start, x, start, zero)[0] / m
        apart, square = sums_of(c0, c1, x, start, x, start, zero)
        scale = np.empty(c1 - c0, x.dtype)
        fill_statistics(c0, start, apart, square, m, gamma, eps, scale, mean, low, var, inv_std)
        for i in range(x.shape[0]):
            for c in range(c0, c1):
                centre, rest, factor, shift = mean[c], low[c], scale[c - c0], beta[c]
                for j in range(x.shape[2]):
                    y[i, c, j] = ((x[i, c, j] - centre) - rest) * factor + shift


@compiled
def pull_back(first, last, width, g, x, gamma, mean, low, inv_std, by_x, sum_g, sum_g_x_hat):
    """gamma i P(g), and the two sums."""
    m = x.shape[0] * x.shape[2]
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        p, q = sums_of(c0, c1, g, np.zeros(c1 - c0), x, mean[c0:c1], low[c0:c1])
        factors = np.empty((3, c1 - c0), x.dtype)
        fill_projection(c0, p, q, m, gamma, inv_std, factors, sum_g, sum_g_x_hat)
        for i in range(x.shape[0]):
            for c in range(c0, c1):
                centre, rest = mean[c], low[c]
                one, slope, scale = factors[0, c - c0], factors[1, c - c0], factors[2, c - c0]
                for j in range(x.shape[2]):
                    apart = (x[i, c, j] - centre) - rest
                    by_x[i, c, j] = ((g[i, c, j] - one) - apart * slope) * scale
