"""Normalisation by statistics that are given: the operation and its derivatives.

For each channel, with r = 1/sqrt(var + eps):

    y = gamma r (x - mean) + beta

an affine map, since neither statistic depends on x. So d/dx is gamma r g and no more; but what
reaches gamma is still a sum over the batch, sum(g x_hat), with the x_hat of the given statistics.
The primitive is the affine map, over arrays as large as x; its scale gamma r is made of a few
vectors by ordinary operations, and the chain rule does the rest.
"""

from __future__ import annotations

from typing import Any

import minigrad as mg
from minigrad.extend import Tensor, primitive

from .statistics import Axes, over, widen

__all__ = ["batch_norm_evaluation", "forward", "scale_of"]


def forward(xp: Any, x: Any, mean: Any, scale: Any, bias: Any, *, axes: Axes) -> Any:
    """`(x - mean) scale + bias`; all but x hold one value a channel: x's shape without `axes`."""
    y = centred(xp, x, mean, axes) * over(xp, scale, x.shape, axes) + over(xp, bias, x.shape, axes)
    return xp.astype(y, x.dtype, copy=False)


def centred(xp: Any, x: Any, mean: Any, axes: Axes) -> Any:
    # Not x scale + (bias - mean scale): the difference of two large products would lose the digits
    # that x and a large mean have in common.
    return widen(xp, x) - over(xp, mean, x.shape, axes)


def x_vjp(xp: Any, g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any, *, axes: Axes) -> Any:
    return widen(xp, g) * over(xp, scale, x.shape, axes)


def mean_vjp(
    xp: Any, g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any, *, axes: Axes
) -> Any:
    return -scale * xp.sum(widen(xp, g), axis=axes)


def scale_vjp(
    xp: Any, g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any, *, axes: Axes
) -> Any:
    return xp.sum(widen(xp, g) * centred(xp, x, mean, axes), axis=axes)


def bias_vjp(
    xp: Any, g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any, *, axes: Axes
) -> Any:
    return xp.sum(widen(xp, g), axis=axes)


batch_norm_evaluation = primitive(
    "batch_norm_evaluation", x_vjp, mean_vjp, scale_vjp, bias_vjp, forward=forward
)


def scale_of(weight: Tensor | float, var: Tensor, eps: float) -> Tensor:
    """What each channel is multiplied by: gamma / sqrt(var + eps)."""
    return weight / mg.sqrt(widen(mg, var) + eps)
