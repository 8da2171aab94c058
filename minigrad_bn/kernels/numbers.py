"""From the sums of a channel to the numbers by which its values are mapped; compiled.

Sums are float64, so that many values cost no digit more than few. `m` is the number of values, and
`number` the dtype that values are mapped in. In the terms of `minigrad_bn.training`, with
c = x - mean, which is x_hat / i.
"""

from __future__ import annotations

import numpy as np

from .compiling import compiled

__all__ = ["moments_from", "projection_from", "second_order_from"]


@compiled
def moments_from(start, apart, square, m, eps, number):
    """`mean, low, var, inv_std` from the sums of x - start and (x - start)^2.

    That the variance is a difference costs nothing if the start is a value of float32, or near the
    mean: it is then at most sqrt(m) deviations from it, and in float64 there are digits for that.
    """
    apart, square = apart / m, square / m
    var = square - apart * apart
    if var < 0:
        var = 0.0
    # With an infinity among the values the mean is no number, as it is by the definition.
    mean = number(var if np.isnan(var) else start + apart)
    return mean, number((start - mean) + apart), var, 1 / np.sqrt(var + eps)


@compiled
def projection_from(sum_g, sum_gc, m, gamma, inv_std, number):
    """The factors in gamma i P(g) = ((g - shift) - c slope) scale: `shift, slope, scale`."""
    slope = sum_gc * inv_std * inv_std / m
    return number(sum_g / m), number(slope), number(gamma * inv_std)


@compiled
def second_order_from(sum_u, sum_uc, sum_g, sum_gc, sum_ug, m, gamma, inv_std, factors):
    """Fill `factors` with the seven of d/dg and d/dx, and return s, as `second_order` tells.

        d/dg = ((u - f0) - c f1) f2
        d/dx = (((u f3 + g f4) - f5) + c f6) (-f2 i)

    where u reaches gamma i P(g); the last factor is kept as f7.
    """
    a, b = sum_uc * inv_std / m, sum_gc * inv_std
    s = sum_ug - sum_u * sum_g / m - a * b
    factors[0], factors[1], factors[2] = sum_u / m, a * inv_std, gamma * inv_std
    factors[3], factors[4] = b / m, a
    factors[5] = (b * sum_u / m + a * sum_g) / m
    factors[6] = (s - 2 * a * b) * inv_std / m
    factors[7] = -gamma * inv_std * inv_std
    return s
