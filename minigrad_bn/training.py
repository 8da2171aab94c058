"""Normalisation by the batch's own statistics: the operation and its derivative.

For each channel, with m values, v their variance, i = 1/sqrt(v + eps) and x_hat = (x - mean) i:

    y = gamma x_hat + beta

    d/dx     = gamma i (g - mean(g) - x_hat mean(g x_hat))
    d/dgamma = sum(g x_hat)
    d/dbeta  = sum(g)

`mean` and `v` depend on x, which is where the two means of d/dx come from. Nothing divides by
gamma, so gamma may be 0 (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, section 3).
"""

from __future__ import annotations

from typing import Any

from minigrad.extend import primitive

from .statistics import Axes, count, moments, over, total, widen

__all__ = ["batch_norm_training", "forward", "vjp"]


def forward(xp: Any, x: Any, weight: Any, bias: Any, *, axes: Axes, eps: float) -> tuple[Any, ...]:
    """`(y, mean, var, mean_low, inv_std)`: the statistics keep `axes` as axes of size 1.

    `weight` and `bias` hold one value a channel: their shape is that of `x` without `axes`.
    """
    centred, mean, mean_low, var = moments(xp, widen(xp, x), axes)
    inv_std = 1 / xp.sqrt(var + eps)
    scale = over(xp, weight, x.shape, axes) * inv_std
    y = centred * scale + over(xp, bias, x.shape, axes)
    return xp.astype(y, x.dtype, copy=False), mean, var, mean_low, inv_std


def vjp(
    xp: Any,
    g: Any,
    y: Any,
    residuals: tuple[Any, ...],
    x: Any,
    weight: Any,
    bias: Any,
    *,
    axes: Axes,
    eps: float,
) -> tuple[Any, Any, Any]:
    """The gradients of x, weight and bias.

    x_hat is rebuilt rather than kept: two subtractions cost less than an array of x's size.
    """
    mean, _, mean_low, inv_std = residuals
    m = max(count(x.shape, axes), 1)
    g = widen(xp, g)
    x_hat = (widen(xp, x) - mean - mean_low) * inv_std
    sum_g = total(xp, g, axes)
    sum_g_x_hat = total(xp, g * x_hat, axes)
    projected = g - sum_g / m - x_hat * (sum_g_x_hat / m)
    dx = projected * (over(xp, weight, x.shape, axes) * inv_std)
    return dx, xp.reshape(sum_g_x_hat, weight.shape), xp.reshape(sum_g, bias.shape)


batch_norm_training = primitive("batch_norm_training", joint=vjp, forward=forward, residuals=True)
