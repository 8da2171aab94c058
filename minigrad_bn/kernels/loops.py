"""What the compiled loops of batch norm share: how they are compiled, and numbers from sums.

Sums are float64, so that many values cost no digit more than few. Nothing is assumed about NaN,
infinities and the sign of zero; a sum may be made in any order, and a product and a sum in one
step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["compiled", "fill_projection", "fill_statistics"]

compiled: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})


@compiled
def moments_from(start, apart, square, eps, number):
    """`mean, low, var, inv_std` from the means of x - start and (x - start)^2.

    That the variance is a difference costs nothing if the start is a value of float32, or near the
    mean: it is then at most sqrt(m) deviations from it, and in float64 there are digits for that.
    """
    var = square - apart * apart
    if var < 0:
        var = 0.0
    # With an infinity among the values the mean is no number, as it is by the definition.
    mean = number(var if np.isnan(var) else start + apart)
    return mean, number((start - mean) + apart), var, 1 / np.sqrt(var + eps)


@compiled
def projection_from(sum_g, sum_gc, m, gamma, inv_std, number):
    """The factors in gamma i P(g) = (g - one - (x - mean) slope) scale: `one, slope, scale`."""
    slope = sum_gc * inv_std * inv_std / m
    return number(sum_g / m), number(slope), number(gamma * inv_std)


@compiled
def fill_statistics(c0, start, apart, square, m, gamma, eps, scale, mean, low, var, inv_std):
    """The statistics of the channels from c0 on, and gamma i, from their sums."""
    number = scale.dtype.type
    for k in range(scale.size):
        c = c0 + k
        found = moments_from(start[k], apart[k] / m, square[k] / m, eps, number)
        mean[c], low[c], var[c], inv_std[c] = found
        scale[k] = gamma[c] * inv_std[c]


@compiled
def fill_projection(c0, p, q, m, gamma, inv_std, factors, sum_g, sum_g_x_hat):
    """The two sums of the channels from c0 on, and a row of factors for each of them."""
    number = factors.dtype.type
    for k in range(p.size):
        c = c0 + k
        sum_g[c], sum_g_x_hat[c] = p[k], q[k] * inv_std[c]
        found = projection_from(p[k], q[k], m, gamma[c], inv_std[c], number)
        factors[0, k], factors[1, k], factors[2, k] = found
