"""What the compiled loops of batch norm share: how they are compiled, and numbers from sums.

Sums are float64, so that many values cost no digit more than few. Nothing is assumed about NaN,
infinities and the sign of zero; a sum may be made in any order, and a product and a sum in one
step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["compiled", "moments_from", "projection_from"]

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
