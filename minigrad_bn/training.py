"""Normalisation by the batch's own statistics: the operation and its derivatives.

For each channel, with p the share of a value in the mean (1/m for m values), v the variance,
i = 1/sqrt(v + eps) and x_hat = (x - mean) i:

    y = gamma x_hat + beta

What reaches the inputs when g reaches y (the VJP) is

    d/dx     = gamma i P(g)                     P(a) = a - p sum(a) - p x_hat sum(a x_hat)
    d/dgamma = sum(g x_hat)
    d/dbeta  = sum(g)

The mean and v depend on x, which is where the two sums of P come from. When the inputs move by
tangents (t, t_gamma, t_beta), y moves by (the JVP)

    gamma i P'(t) + t_gamma x_hat + t_beta      P'(a) = a - sum(p a) - x_hat sum(p a x_hat)

with the transpose of P, which is P itself without a mask. Nothing divides by gamma, so gamma may be
0 (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, section 3). What the next order needs
is in `second_order`.

`weight`, `bias` and `mask` may be None: no array of ones is ever multiplied with. Where the mask
is 0, whatever stands in x and g (NaN, too), y is 0, and so is what reaches x.
"""

from __future__ import annotations

from typing import Any

import minigrad as mg
from minigrad.extend import kernel, primitive

from .projection import (
    along,
    centred_again,
    inverse_std,
    project,
    project_transposed,
    scale_of,
    standardised,
)
from .second_order import weight_gradient, x_gradient
from .statistics import Axes, as_vector, kept, moments, narrow, over, weights, widen

__all__ = ["batch_norm_training", "forward", "jvp", "vjp"]


def forward(
    xp: Any,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    mask: Any = None,
    *,
    axes: Axes,
    eps: float,
) -> tuple[Any, ...]:
    """`(y, mean, var, mean_low, inv_std)`: the statistics keep `axes` as axes of size 1.

    `weight` and `bias` hold one value a channel: their shape is that of `x` without `axes`. `mask`
    broadcasts against x and has as many axes; see `statistics`.
    """
    wide = kept(xp, widen(xp, x), mask)
    w = weights(xp, mask, wide)
    centred, mean, mean_low, var = moments(xp, wide, axes, w)
    inv_std = inverse_std(xp, var, eps, axes, w)
    y = centred * narrow(xp, scale_of(xp, weight, inv_std, axes), wide)
    if bias is not None:
        y = y + over(xp, bias, x.shape, axes)
    return xp.astype(kept(xp, y, mask), x.dtype, copy=False), mean, var, mean_low, inv_std


def vjp(
    xp: Any,
    g: Any,
    y: Any,
    residuals: Any,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    mask: Any = None,
    *,
    axes: Axes,
    eps: float,
) -> tuple[Any, Any, Any]:
    """The gradients of x, weight and bias; of the mask there is none.

    If they are to be differentiated again, they are operations, with the explicit rules of
    `second_order`.
    """
    if xp is mg:
        return (
            x_gradient(g, x, weight, mask, axes=axes, eps=eps)[0],
            None if weight is None else weight_gradient(g, x, mask, axes=axes, eps=eps)[0],
            None if bias is None else mg.sum(kept(mg, widen(mg, g), mask), axis=axes),
        )
    mean, _, mean_low, inv_std = residuals
    # x_hat = centred i is not formed, which is one array less: i goes into the sums.
    centred = centred_again(xp, x, mask, mean, mean_low)
    g = kept(xp, widen(xp, g), mask)
    sum_g, sum_g_centred = along(xp, g, centred, axes)
    sum_g_x_hat = sum_g_centred * inv_std
    w = weights(xp, mask, g)
    projected = project(xp, g, centred, axes, w, (sum_g, sum_g_x_hat * inv_std))
    return (
        kept(xp, projected * narrow(xp, scale_of(xp, weight, inv_std, axes), g), mask),
        None if weight is None else as_vector(xp, sum_g_x_hat, weight),
        None if bias is None else as_vector(xp, sum_g, bias),
    )


def jvp(
    xp: Any,
    tangents: tuple[Any, Any, Any],
    residuals: Any,
    x: Any,
    weight: Any = None,
    mask: Any = None,
    *,
    axes: Axes,
) -> Any:
    """How y moves when x, weight and bias move by `tangents`; None stands for a tangent of 0."""
    by_x, by_weight, by_bias = tangents
    mean, _, mean_low, inv_std = residuals
    x_hat = standardised(xp, x, mask, mean, mean_low, inv_std)
    moved = xp.zeros_like(x_hat)
    if by_x is not None:
        t = kept(xp, widen(xp, by_x), mask)
        projected = project_transposed(xp, t, x_hat, axes, weights(xp, mask, t))
        moved = projected * narrow(xp, scale_of(xp, weight, inv_std, axes), t)
    if by_weight is not None:
        moved = moved + x_hat * narrow(xp, over(xp, by_weight, x.shape, axes), x_hat)
    if by_bias is not None:
        moved = moved + narrow(xp, over(xp, by_bias, x.shape, axes), x_hat)
    return xp.astype(kept(xp, moved, mask), x.dtype, copy=False)


batch_norm_training = primitive(
    "batch_norm_training", joint=vjp, forward=forward, residuals=True, optional=True
)
"""`(x, weight, bias, mask, *, axes, eps)` to `(y, (mean, var, mean_low, inv_std))`.

`weight`, `bias` and `mask` may be None or left out. `axes` is any set of axes, in order; batch norm
of (N, C, ...) is over all but the second. `mask` (bool, or weights that are not negative)
broadcasts against `x` and has as many axes. `mean` has the dtype that x is computed in, `var`,
biased, float64; `statistics.effective_count(mg, x.shape, axes, mask)` is the n of Bessel's
n / (n - 1), also with weights. Only y has a history.
"""

# Those registered last are asked first: where there is numba, its.
for module, library in (("blocked", "numpy"), ("training", "numba")):
    at = f"minigrad_bn.kernels.{module}"
    kernel(batch_norm_training, "numpy", f"{at}:forward", library=library, least=4096)
    kernel(batch_norm_training, "numpy", f"{at}:vjp", rule="joint", library=library, least=4096)
