"""Normalisation by the statistics of a batch that is shared out among ranks.

The formulas are those of `training`, where every mean is one over all ranks. Forward, the ranks
gather count, mean and M2 of each part and merge them, all in the same order; backward, they add up
the two sums of P. The gradients of weight and bias are those of a rank's own part: their sum over
the ranks is the gradient of the whole batch.

All ranks have to go forward and backward together. The rule holds over Tensors as it stands, since
the sum over ranks is an operation: so derivatives of any order are right.
"""

from __future__ import annotations

from typing import Any

from minigrad.extend import primitive

from .communicator import Communicator, all_reduce_sum, gathered
from .mergeable import Stats, effective_count, merged, statistics_over, variance, words
from .projection import along, centred_again, scale_of
from .statistics import Axes, as_vector, kept, narrow, over, weights, widen

__all__ = ["batch_norm_synchronised"]


def forward(
    xp: Any,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    mask: Any = None,
    *,
    axes: Axes,
    eps: float,
    communicator: Communicator,
) -> tuple[Any, ...]:
    """`(y, mean, var, mean_low, inv_std, count, effective count)`, all but y of the whole batch."""
    wide = kept(xp, widen(xp, x), mask)
    own = statistics_over(xp, wide, axes, weights(xp, mask, wide))
    rows = gathered(xp, xp.stack(list(own)), communicator)
    parts = [Stats(*[rows[r, i, ...] for i in range(5)]) for r in range(communicator.size)]
    whole = merged(xp, parts)
    var = variance(xp, whole)
    mean, mean_low = words(xp, whole, wide)
    inv_std = 1 / xp.sqrt(var + eps)
    inv_std = xp.where(whole.count > 0, inv_std, xp.zeros_like(inv_std))
    centred = centred_again(xp, x, mask, mean, mean_low)
    y = centred * narrow(xp, scale_of(xp, weight, inv_std, axes), wide)
    if bias is not None:
        y = y + over(xp, bias, x.shape, axes)
    y = xp.astype(kept(xp, y, mask), x.dtype, copy=False)
    return y, mean, var, mean_low, inv_std, whole.count, effective_count(xp, whole)


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
    communicator: Communicator,
) -> tuple[Any, Any, Any]:
    """The gradients of x, weight and bias; the two sums of P are over all ranks."""
    mean, _, mean_low, inv_std, count, _ = residuals
    centred = centred_again(xp, x, mask, mean, mean_low)
    g = kept(xp, widen(xp, g), mask)
    sum_g, sum_g_centred = along(xp, g, centred, axes)
    sum_g_x_hat = sum_g_centred * inv_std
    sums = all_reduce_sum.over(xp)(xp.stack([sum_g, sum_g_x_hat]), communicator=communicator)
    means = sums / xp.where(count > 0, count, xp.ones_like(count))
    along_x_hat = means[1, ...] * inv_std
    taken = narrow(xp, means[0, ...], g) + centred * narrow(xp, along_x_hat, g)
    w = weights(xp, mask, g)
    projected = g - (taken if w is None else taken * w)
    return (
        kept(xp, projected * narrow(xp, scale_of(xp, weight, inv_std, axes), g), mask),
        None if weight is None else as_vector(xp, sum_g_x_hat, weight),
        None if bias is None else as_vector(xp, sum_g, bias),
    )


batch_norm_synchronised = primitive(
    "batch_norm_synchronised", joint=vjp, forward=forward, residuals=True, optional=True
)
"""`batch_norm_training` of one rank's part of a batch."""
