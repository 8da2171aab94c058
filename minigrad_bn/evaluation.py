"""Normalisation by statistics that are given: the operation and its derivatives.

For each channel, with r = 1/sqrt(var + eps):

    y = gamma r (x - mean) + beta

an affine map, since neither statistic depends on x. So d/dx is gamma r g and no more; but what
reaches gamma is still a sum over the batch, sum(g x_hat), with the x_hat of the given statistics.
The primitive is the affine map, over arrays as large as x; its scale gamma r is made of a few
vectors by ordinary operations, and the chain rule does the rest. The rules are products of what
they are given, so that recorded they are the rules of second order: u, to reach d/dx, brings
gamma r u to g and the sum of r u g to gamma, and nothing to x.
"""

from __future__ import annotations

from typing import Any

import minigrad as mg
from minigrad.extend import Tensor, kernel, primitive

from .statistics import Axes, as_vector, narrow, over, total, widen

__all__ = ["batch_norm_evaluation", "forward", "jvp", "scale_of"]


def forward(xp: Any, x: Any, mean: Any, scale: Any, bias: Any = None, *, axes: Axes) -> Any:
    """`(x - mean) scale + bias`; all but x hold one value a channel: x's shape without `axes`."""
    y = centred(xp, x, mean, axes)
    y = y * narrow(xp, over(xp, scale, x.shape, axes), y)
    if bias is not None:
        y = y + over(xp, bias, x.shape, axes)
    return xp.astype(y, x.dtype, copy=False)


def centred(xp: Any, x: Any, mean: Any, axes: Axes) -> Any:
    # Not x scale + (bias - mean scale): the difference of two large products would lose the digits
    # that x and a large mean have in common.
    wide = widen(xp, x)
    return wide - narrow(xp, over(xp, mean, x.shape, axes), wide)


def x_vjp(
    xp: Any, g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any = None, *, axes: Axes
) -> Any:
    g = widen(xp, g)
    return g * narrow(xp, over(xp, scale, x.shape, axes), g)


def mean_vjp(
    xp: Any, g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any = None, *, axes: Axes
) -> Any:
    return as_vector(xp, -over(xp, scale, x.shape, axes) * total(xp, widen(xp, g), axes), mean)


def scale_vjp(
    xp: Any, g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any = None, *, axes: Axes
) -> Any:
    return as_vector(xp, total(xp, widen(xp, g) * centred(xp, x, mean, axes), axes), scale)


def bias_vjp(
    xp: Any, g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any = None, *, axes: Axes
) -> Any:
    assert bias is not None
    return as_vector(xp, total(xp, widen(xp, g), axes), bias)


def jvp(
    xp: Any,
    tangents: tuple[Any, Any, Any, Any],
    x: Any,
    mean: Any,
    scale: Any,
    *,
    axes: Axes,
) -> Any:
    """How y moves when x, mean, scale and bias move by `tangents`; None for a tangent of 0."""
    by_x, by_mean, by_scale, by_bias = tangents
    apart = centred(xp, x, mean, axes)
    wide_scale = narrow(xp, over(xp, scale, x.shape, axes), apart)
    moved = xp.zeros_like(apart)
    if by_x is not None:
        moved = widen(xp, by_x) * wide_scale
    if by_mean is not None:
        moved = moved - narrow(xp, over(xp, by_mean, x.shape, axes), apart) * wide_scale
    if by_scale is not None:
        moved = moved + apart * narrow(xp, over(xp, by_scale, x.shape, axes), apart)
    if by_bias is not None:
        moved = moved + narrow(xp, over(xp, by_bias, x.shape, axes), apart)
    return xp.astype(moved, x.dtype, copy=False)


batch_norm_evaluation = primitive(
    "batch_norm_evaluation", x_vjp, mean_vjp, scale_vjp, bias_vjp, forward=forward, optional=True
)
"""`(x, mean, scale, bias, *, axes)` to y. `scale` is that of `scale_of`; `bias` may be None."""

at = "minigrad_bn.kernels.evaluation"
kernel(batch_norm_evaluation, "numpy", f"{at}:forward", library="numba", least=4096)
kernel(batch_norm_evaluation, "numpy", f"{at}:scale_vjp", rule=2, library="numba", least=4096)
kernel(batch_norm_evaluation, "numpy", f"{at}:bias_vjp", rule=3, library="numba", least=4096)


def scale_of(weight: Tensor | None, var: Tensor, eps: float) -> Tensor:
    """What each channel is multiplied by: gamma / sqrt(var + eps), gamma 1 if it is None.

    In float64, rounded once where it meets the values.
    """
    inv_std = 1 / mg.sqrt(mg.astype(var, mg.float64) + eps)
    return inv_std if weight is None else weight * inv_std
