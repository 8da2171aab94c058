"""Batch norm of (A, C, L), compiled: tile after tile, each while it is in the cache.

Each function fills its outputs for the tiles `first` to `last`, of `width` channels, and `long`
says whether by `channels` or by `columns`. Nothing depends on how the channels are cut into tiles.
"""

from __future__ import annotations

import numpy as np

from minigrad.extend import shared

from . import channels, columns
from .compiling import compiled
from .numbers import moments_from, projection_from, second_order_from

__all__ = ["moments", "normalise", "products", "pull_back", "pull_back_twice", "scale_and_shift"]


@compiled
def moments_of(long, c0, x, start):
    return channels.moments_of(c0, x, start) if long else columns.moments_of(c0, x, start)


@compiled
def products_of(long, c0, g, x, mean, low):
    if long:
        return channels.products_of(c0, g, x, mean, low)
    return columns.products_of(c0, g, x, mean, low)


@compiled
def affine(long, c0, x, mean, low, factor, shift, y):
    if long:
        channels.affine(c0, x, mean, low, factor, shift, y)
    else:
        columns.affine(c0, x, mean, low, factor, shift, y)


@compiled
def fill_moments(long, c0, c1, x, eps, mean, low, var, inv_std):
    """The statistics of the channels c0 to c1."""
    m, number = x.shape[0] * x.shape[2], x.dtype.type
    start = x[0, c0:c1, 0].astype(np.float64)
    if x.itemsize == 8:  # There is no wider type to be exact in.
        start = start + moments_of(long, c0, x, start)[0] / m
    apart, square = moments_of(long, c0, x, start)
    for c in range(c0, c1):
        k = c - c0
        found = moments_from(start[k], apart[k], square[k], m, eps, number)
        mean[c], low[c], var[c], inv_std[c] = found


@shared
@compiled
def moments(first, last, width, long, x, eps, mean, low, var, inv_std):
    """The statistics."""
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        fill_moments(long, c0, c1, x, eps, mean, low, var, inv_std)


@shared
@compiled
def normalise(first, last, width, long, x, gamma, beta, eps, y, mean, low, var, inv_std):
    """y and the statistics."""
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        fill_moments(long, c0, c1, x, eps, mean, low, var, inv_std)
        factor = (gamma[c0:c1] * inv_std[c0:c1]).astype(x.dtype)
        affine(long, c0, x, mean[c0:c1], low[c0:c1], factor, beta[c0:c1], y)


@shared
@compiled
def scale_and_shift(first, last, width, long, x, mean, low, factor, shift, y):
    """((x - mean) - low) factor + shift."""
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        affine(long, c0, x, mean[c0:c1], low[c0:c1], factor[c0:c1], shift[c0:c1], y)


@shared
@compiled
def products(first, last, width, long, g, x, mean, low, sum_g, sum_gc):
    """sum(g) and sum(g c)."""
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        found = products_of(long, c0, g, x, mean[c0:c1], low[c0:c1])
        sum_g[c0:c1], sum_gc[c0:c1] = found


@shared
@compiled
def pull_back(first, last, width, long, g, x, gamma, mean, low, inv_std, by_x, sum_g, sum_g_x_hat):
    """gamma i P(g), and the two sums."""
    m, number = x.shape[0] * x.shape[2], x.dtype.type
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        p, q = products_of(long, c0, g, x, mean[c0:c1], low[c0:c1])
        factors = np.empty((3, c1 - c0), x.dtype)
        for c in range(c0, c1):
            k = c - c0
            sum_g[c], sum_g_x_hat[c] = p[k], q[k] * inv_std[c]
            found = projection_from(p[k], q[k], m, gamma[c], inv_std[c], number)
            factors[0, k], factors[1, k], factors[2, k] = found
        if long:
            channels.projection(c0, g, x, mean[c0:c1], low[c0:c1], factors, by_x)
        else:
            columns.projection(c0, g, x, mean[c0:c1], low[c0:c1], factors, by_x)


@shared
@compiled
def pull_back_twice(
    first, last, width, long, u, g, x, gamma, mean, low, inv_std, by_g, by_x, by_gamma
):
    """What reaches g, x and gamma when u reaches gamma i P(g)."""
    m = x.shape[0] * x.shape[2]
    for c0 in range(first * width, min(last * width, x.shape[1]), width):
        c1 = min(c0 + width, x.shape[1])
        sum_g, sum_gc = products_of(long, c0, g, x, mean[c0:c1], low[c0:c1])
        sum_u, sum_uc = products_of(long, c0, u, x, mean[c0:c1], low[c0:c1])
        if long:
            sum_ug = channels.cross_sums_of(c0, c1 - c0, u, g)
        else:
            sum_ug = columns.cross_sums_of(c0, c1 - c0, u, g)
        factors = np.empty((8, c1 - c0))
        for c in range(c0, c1):
            k = c - c0
            sums = sum_u[k], sum_uc[k], sum_g[k], sum_gc[k], sum_ug[k]
            s = second_order_from(*sums, m, gamma[c], inv_std[c], factors[:, k])
            by_gamma[c] = inv_std[c] * s
        f = factors.astype(x.dtype)
        if long:
            channels.second_order(c0, u, g, x, mean[c0:c1], low[c0:c1], f, by_g, by_x)
        else:
            columns.second_order(c0, u, g, x, mean[c0:c1], low[c0:c1], f, by_g, by_x)
