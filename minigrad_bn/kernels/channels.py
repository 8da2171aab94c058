"""A few channels of (A, C, L), a *tile*, for values of a channel that lie side by side in runs.

In the order of memory, from the channel c0 on. Vectors have one value for each channel of the tile.
Compiled; `columns` does the same for short runs.
"""

from __future__ import annotations

import numpy as np

from .compiling import compiled

__all__ = ["affine", "cross_sums_of", "moments_of", "products_of", "projection", "second_order"]


@compiled
def moments_of(c0, x, start):
    """sum(x - start) and sum((x - start)^2), in float64."""
    first, second = np.zeros(start.size), np.zeros(start.size)
    for i in range(x.shape[0]):
        for k in range(start.size):
            origin, p, q = start[k], 0.0, 0.0
            for j in range(x.shape[2]):
                u = np.float64(x[i, c0 + k, j]) - origin
                p += u
                q += u * u
            first[k] += p
            second[k] += q
    return first, second


@compiled
def products_of(c0, g, x, mean, low):
    """sum(g) and sum(g c) with c = (x - mean) - low, in float64."""
    first, second = np.zeros(mean.size), np.zeros(mean.size)
    for i in range(x.shape[0]):
        for k in range(mean.size):
            centre, rest, p, q = np.float64(mean[k]), np.float64(low[k]), 0.0, 0.0
            for j in range(x.shape[2]):
                u = np.float64(g[i, c0 + k, j])
                p += u
                q += u * ((np.float64(x[i, c0 + k, j]) - centre) - rest)
            first[k] += p
            second[k] += q
    return first, second


@compiled
def cross_sums_of(c0, count, u, g):
    """sum(u g) of `count` channels, in float64."""
    found = np.zeros(count)
    for i in range(u.shape[0]):
        for k in range(count):
            p = 0.0
            for j in range(u.shape[2]):
                p += np.float64(u[i, c0 + k, j]) * np.float64(g[i, c0 + k, j])
            found[k] += p
    return found


@compiled
def affine(c0, x, mean, low, factor, shift, y):
    """y = ((x - mean) - low) factor + shift."""
    for i in range(x.shape[0]):
        for k in range(mean.size):
            centre, rest, slope, start = mean[k], low[k], factor[k], shift[k]
            for j in range(x.shape[2]):
                y[i, c0 + k, j] = ((x[i, c0 + k, j] - centre) - rest) * slope + start


@compiled
def projection(c0, g, x, mean, low, factors, by_x):
    """by_x = ((g - f0) - c f1) f2, where `factors` are (3, channels)."""
    for i in range(x.shape[0]):
        for k in range(mean.size):
            centre, rest = mean[k], low[k]
            start, slope, scale = factors[0, k], factors[1, k], factors[2, k]
            for j in range(x.shape[2]):
                c = (x[i, c0 + k, j] - centre) - rest
                by_x[i, c0 + k, j] = ((g[i, c0 + k, j] - start) - c * slope) * scale


@compiled
def second_order(c0, u, g, x, mean, low, factors, by_g, by_x):
    """What reaches g and x, by `numbers.second_order_from`; `factors` are (8, channels)."""
    for i in range(x.shape[0]):
        for k in range(mean.size):
            centre, rest = mean[k], low[k]
            f0, f1, f2, f3 = factors[0, k], factors[1, k], factors[2, k], factors[3, k]
            f4, f5, f6, f7 = factors[4, k], factors[5, k], factors[6, k], factors[7, k]
            for j in range(x.shape[2]):
                t, v = u[i, c0 + k, j], g[i, c0 + k, j]
                c = (x[i, c0 + k, j] - centre) - rest
                by_g[i, c0 + k, j] = ((t - f0) - c * f1) * f2
                by_x[i, c0 + k, j] = (((t * f3 + v * f4) - f5) + c * f6) * f7
