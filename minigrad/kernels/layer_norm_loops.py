"""Layer norm and group norm in compiled loops: a row stays in the cache while it is gone over.

What `standardize` in `minigrad.nn.functional.normalization` defines. Sums are float64, around a
value of the row, so that an offset costs no digit. What reaches the weights is the sum over a
fixed number of parts of the rows, whatever the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiling import compiled, inlined
from .memory import new_array
from .rows import contiguous, rows_of, vector
from .threads import parallel_for, shared

__all__ = ["standardize", "standardize_vjp"]

PARTS = 16
"""So many sums over rows are made, and added in the end."""

FEW = 16
"""So many rows are added up in the dtype of the array, before they are in float64."""


def standardize(x: Any, weight: Any, bias: Any, *, axis: Any, eps: float) -> Any:
    """y, the mean in two words, and the inverse of the standard deviation."""
    seen = rows_of(x, axis, weight, bias)
    if seen is None:
        return NotImplemented
    shape = seen.rows, seen.length
    y = new_array(x.shape, x.dtype)
    found = [np.empty(seen.rows, dtype) for dtype in (x.dtype, x.dtype, np.float64)]
    gamma = vector(weight, seen.weights, 1, x.dtype)
    beta = vector(bias, seen.weights, 0, x.dtype)
    parallel_for(
        normalise, seen.rows, contiguous(x, shape), gamma, beta, seen.run, seen.along, float(eps),
        y.reshape(shape), *found, work=4 * x.size,
    )  # fmt: skip
    kept = x.shape[: x.ndim - len(axis)] + (1,) * len(axis)
    return y, *[v.reshape(kept) for v in found]


def standardize_vjp(
    g: Any, y: Any, residuals: Any, x: Any, weight: Any, bias: Any, *, axis: Any, eps: float
) -> Any:
    """What reaches x, the weight and the bias."""
    seen = rows_of(x, axis, weight, bias)
    if seen is None or g.dtype != x.dtype:
        return NotImplemented
    shape, by_x = (seen.rows, seen.length), new_array(x.shape, x.dtype)
    # A part has as many rows at least as are added up without float64.
    each = max(FEW, -(-seen.rows // PARTS))
    parts = -(-seen.rows // each)
    sums = [np.zeros((parts, seen.weights)) for _ in range(2)]
    parallel_for(
        pull_back, parts, each, contiguous(g, shape), contiguous(x, shape),
        vector(weight, seen.weights, 1, x.dtype), seen.run, seen.along,
        *[v.reshape(-1) for v in residuals], by_x.reshape(shape), *sums, work=8 * x.size,
    )  # fmt: skip
    by_weight, by_bias = (
        None if p is None else s.sum(axis=0).reshape(p.shape).astype(p.dtype)
        for p, s in zip((weight, bias), sums, strict=True)
    )
    return by_x, by_weight, by_bias


@compiled
def sums(row, start):
    """The sums of x - start and of its square."""
    p = q = 0.0
    for j in range(row.size):
        apart = np.float64(row[j]) - start
        p += apart
        q += apart * apart
    return p, q


@shared
@compiled
def normalise(first, last, x, gamma, beta, run, along, eps, y, means, lows, inv_stds):
    m, number = x.shape[1], x.dtype.type
    for r in range(first, last):
        row, out = x[r], y[r]
        start = np.float64(row[0])
        p, q = sums(row, start)
        if x.itemsize == 8:  # There is no wider type to be exact in.
            start += p / m
            p, q = sums(row, start)
        apart = p / m
        var = q / m - apart * apart
        if var < 0:
            var = 0.0
        mean = number(start + apart)
        low = number((start - mean) + apart)
        inv_std = 1 / np.sqrt(var + eps)
        means[r], lows[r], inv_stds[r] = mean, low, inv_std
        scale = number(inv_std)
        if along:
            for j in range(m):
                out[j] = ((row[j] - mean) - low) * scale * gamma[j] + beta[j]
        else:
            c = r * (m // run) % gamma.size
            for k in range(m // run):
                factor, shift = scale * gamma[c + k], beta[c + k]
                values, ys = row[k * run : (k + 1) * run], out[k * run : (k + 1) * run]
                for j in range(run):
                    ys[j] = ((values[j] - mean) - low) * factor + shift


@shared
@compiled
def pull_back(
    first, last, each, g, x, gamma, run, along, means, lows, inv_stds, by_x, by_gamma, by_beta
):
    """The parts `first` to `last` of the rows, of `each` rows; sums of a part in its own row."""
    for part in range(first, last):
        start, end = part * each, min((part + 1) * each, x.shape[0])
        if along:
            few = np.empty((2, x.shape[1]), x.dtype)
            for r0 in range(start, end, FEW):
                few[:] = 0
                for r in range(r0, min(r0 + FEW, end)):
                    along_row(g[r], x[r], gamma, means[r], lows[r], inv_stds[r], by_x[r], few)
                for j in range(x.shape[1]):
                    by_gamma[part, j] += np.float64(few[0, j])
                    by_beta[part, j] += np.float64(few[1, j])
        else:
            channels = x.shape[1] // run
            for r in range(start, end):
                c = r * channels % gamma.size
                across_row(
                    g[r], x[r], gamma[c : c + channels], run, means[r], lows[r], inv_stds[r],
                    by_x[r], by_gamma[part, c : c + channels], by_beta[part, c : c + channels],
                )  # fmt: skip


@inlined
def along_row(g, x, gamma, mean, low, inv_std, by_x, few):
    number = x.dtype.type
    m, scale = x.size, number(inv_std)
    p = q = 0.0
    for j in range(m):
        share = g[j] * gamma[j]
        p += np.float64(share)
        q += np.float64(share * (((x[j] - mean) - low) * scale))
    one, slope = number(p / m), number(q / m)
    for j in range(m):
        x_hat = ((x[j] - mean) - low) * scale
        by_x[j] = (g[j] * gamma[j] - one - x_hat * slope) * scale
    for_gamma, for_beta = few[0], few[1]
    for j in range(m):
        for_gamma[j] += g[j] * (((x[j] - mean) - low) * scale)
        for_beta[j] += g[j]


@inlined
def across_row(g, x, gamma, run, mean, low, inv_std, by_x, by_gamma, by_beta):
    number = x.dtype.type
    m, scale = x.size, number(inv_std)
    p = q = 0.0
    for k in range(gamma.size):
        gs, values = g[k * run : (k + 1) * run], x[k * run : (k + 1) * run]
        s = t = 0.0
        for j in range(run):
            s += np.float64(gs[j])
            t += np.float64(gs[j] * (((values[j] - mean) - low) * scale))
        by_beta[k] += s
        by_gamma[k] += t
        p += gamma[k] * s
        q += gamma[k] * t
    one, slope = number(p / m), number(q / m)
    for k in range(gamma.size):
        gs, values = g[k * run : (k + 1) * run], x[k * run : (k + 1) * run]
        out, factor = by_x[k * run : (k + 1) * run], gamma[k]
        for j in range(run):
            x_hat = ((values[j] - mean) - low) * scale
            out[j] = (gs[j] * factor - one - x_hat * slope) * scale
