"""The gradients of batch norm in training as operations, and the explicit rule of each.

With u, u_gamma and u_beta to reach the gradients of x, gamma and beta, in the terms of `training`,
and the four numbers a channel

    a = sum(p u x_hat)     b = sum(g x_hat)     u_mean = sum(p u)     s = sum(u P(g))

the VJP of the VJP is

    d/dg     = gamma i P'(u) + u_gamma x_hat + u_beta
    d/dgamma = i s
    d/dx     = -gamma i^2 (p x_hat s + P(b p u + a g)) + u_gamma i P(g)

One after the other: i and x_hat both move with x; i, by -i^2 p x_hat, brings s; x_hat, in a and in
b, brings P, as it does in sum(g x_hat), the gradient of gamma. Nothing divides by gamma.

Two operations share this out: what reaches the gradient of x is dealt with in one, what reaches
that of gamma in the other; that of beta is a sum. So none is computed for nothing. Third
derivatives are those of the rules here, recorded.
"""

from __future__ import annotations

from typing import Any

from minigrad.extend import kernel, primitive

from .projection import along, inverse_std, project, project_transposed, scale_of, standardised
from .statistics import (
    Axes,
    as_vector,
    kept,
    mean,
    moments,
    narrow,
    over,
    spread,
    total,
    weights,
    widen,
)

__all__ = ["weight_gradient", "x_gradient"]


def statistics_of(xp: Any, x: Any, mask: Any, axes: Axes, eps: float) -> tuple[Any, Any, Any]:
    """`mean, mean_low, inv_std`, as in the forward."""
    wide = kept(xp, widen(xp, x), mask)
    w = weights(xp, mask, wide)
    _, mean, mean_low, var = moments(xp, wide, axes, w)
    return mean, mean_low, inverse_std(xp, var, eps, axes, w)


def x_gradient_forward(
    xp: Any, g: Any, x: Any, weight: Any = None, mask: Any = None, *, axes: Axes, eps: float
) -> tuple[Any, ...]:
    """gamma i P(g), and the statistics."""
    found = statistics_of(xp, x, mask, axes, eps)
    x_hat = standardised(xp, x, mask, *found)
    g = kept(xp, widen(xp, g), mask)
    sums = along(xp, g, x_hat, axes)
    projected = project(xp, g, x_hat, axes, weights(xp, mask, g), sums)
    return projected * narrow(xp, scale_of(xp, weight, found[-1], axes), g), *found


def x_gradient_vjp(
    xp: Any,
    u: Any,
    y: Any,
    residuals: Any,
    g: Any,
    x: Any,
    weight: Any = None,
    mask: Any = None,
    *,
    axes: Axes,
    eps: float,
) -> tuple[Any, Any, Any]:
    """What reaches g, x and weight when u reaches the gradient of x."""
    *_, inv_std = residuals
    x_hat = standardised(xp, x, mask, *residuals)
    g, u = kept(xp, widen(xp, g), mask), kept(xp, widen(xp, u), mask)
    w = weights(xp, mask, g)
    scale = scale_of(xp, weight, inv_std, axes)

    by_g = project_transposed(xp, u, x_hat, axes, w) * narrow(xp, scale, g)
    u_mean, a = mean(xp, u, axes, w), mean(xp, u * x_hat, axes, w)
    sum_g, b = along(xp, g, x_hat, axes)
    s = total(xp, u * g, axes) - u_mean * sum_g - a * b
    # P(b p u + a g), whose sums along 1 and x_hat are b u_mean + a sum_g and 2 a b.
    mixed = u * spread(xp, b, u, axes, w) + g * narrow(xp, a, g)
    mixed = project(xp, mixed, x_hat, axes, w, (b * u_mean + a * sum_g, 2 * a * b))
    by_x = x_hat * spread(xp, s, x_hat, axes, w) + mixed
    return (
        kept(xp, by_g, mask),
        by_x * narrow(xp, -scale * inv_std, g),
        None if weight is None else as_vector(xp, inv_std * s, weight),
    )


def weight_gradient_forward(
    xp: Any, g: Any, x: Any, mask: Any = None, *, axes: Axes, eps: float
) -> tuple[Any, ...]:
    """sum(g x_hat), one value a channel, and the statistics."""
    found = statistics_of(xp, x, mask, axes, eps)
    x_hat = standardised(xp, x, mask, *found)
    g = kept(xp, widen(xp, g), mask)
    return narrow(xp, xp.squeeze(total(xp, g * x_hat, axes), axis=axes), g), *found


def weight_gradient_vjp(
    xp: Any,
    u: Any,
    y: Any,
    residuals: Any,
    g: Any,
    x: Any,
    mask: Any = None,
    *,
    axes: Axes,
    eps: float,
) -> tuple[Any, Any]:
    """What reaches g and x when u, one value a channel, reaches the gradient of the weight."""
    *_, inv_std = residuals
    x_hat = standardised(xp, x, mask, *residuals)
    g = kept(xp, widen(xp, g), mask)
    u = over(xp, u, x.shape, axes)
    projected = project(xp, g, x_hat, axes, weights(xp, mask, g), along(xp, g, x_hat, axes))
    return x_hat * narrow(xp, u, g), projected * narrow(xp, u * inv_std, g)


x_gradient = primitive(
    "batch_norm_x_gradient",
    joint=x_gradient_vjp,
    forward=x_gradient_forward,
    residuals=True,
    optional=True,
)

weight_gradient = primitive(
    "batch_norm_weight_gradient",
    joint=weight_gradient_vjp,
    forward=weight_gradient_forward,
    residuals=True,
    optional=True,
)

at = "minigrad_bn.kernels.second_order"
kernel(x_gradient, "numpy", f"{at}:x_gradient", library="numba", least=4096)
kernel(x_gradient, "numpy", f"{at}:x_gradient_vjp", rule="joint", library="numba", least=4096)
kernel(weight_gradient, "numpy", f"{at}:weight_gradient", library="numba", least=4096)
