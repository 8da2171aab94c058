"""What every derivative of batch norm is made of: x_hat, gamma i, and the operators P and P'.

    P(a)  = a - p sum(a) - p x_hat sum(a x_hat)
    P'(a) = a - sum(p a) - x_hat sum(p a x_hat)

take from a what lies along 1 and along x_hat, as far as eps = 0: then the output of batch norm
would not notice it. Each is the transpose of the other; without a mask, where p = 1/m, they are the
same. `w` stands for the weights of a mask, or None; see `statistics`.
"""

from __future__ import annotations

from typing import Any

from .statistics import Axes, kept, mean, narrow, over, spread, total, widen

__all__ = [
    "along",
    "centred_again",
    "inverse_std",
    "project",
    "project_transposed",
    "scale_of",
    "standardised",
]


def inverse_std(xp: Any, var: Any, eps: float, axes: Axes, w: Any) -> Any:
    """1 / sqrt(var + eps) of each channel, in float64; 0 where all weights are 0."""
    inv_std = 1 / xp.sqrt(var + eps)
    return inv_std if w is None else xp.where(total(xp, w, axes) > 0, inv_std, 0.0)


def scale_of(xp: Any, weight: Any, inv_std: Any, axes: Axes) -> Any:
    """gamma i for each channel, in float64; i alone without a weight. Axes kept."""
    if weight is None:
        return inv_std
    return over(xp, weight, inv_std.shape, axes) * inv_std


def centred_again(xp: Any, x: Any, mask: Any, mean: Any, mean_low: Any) -> Any:
    """x - mean, from the statistics of the forward; 0 where the mask is.

    It is rebuilt rather than kept: two subtractions cost less than an array of x's size.
    """
    return kept(xp, widen(xp, x) - mean - mean_low, mask)


def standardised(xp: Any, x: Any, mask: Any, mean: Any, mean_low: Any, inv_std: Any) -> Any:
    """x_hat, from the statistics of the forward; 0 where the mask is."""
    centred = centred_again(xp, x, mask, mean, mean_low)
    return centred * narrow(xp, inv_std, centred)


def along(xp: Any, a: Any, x_hat: Any, axes: Axes) -> tuple[Any, Any]:
    """sum(a) and sum(a x_hat) of each channel."""
    return total(xp, a, axes), total(xp, a * x_hat, axes)


def project(xp: Any, a: Any, x_hat: Any, axes: Axes, w: Any, sums: tuple[Any, Any]) -> Any:
    """P(a); `sums` are those of `along`. Any multiple k x_hat will do, with sum(a x_hat) / k."""
    along_one, along_x_hat = sums
    return a - spread(xp, along_one, a, axes, w) - x_hat * spread(xp, along_x_hat, a, axes, w)


def project_transposed(xp: Any, a: Any, x_hat: Any, axes: Axes, w: Any) -> Any:
    """P'(a)."""
    along_one, along_x_hat = mean(xp, a, axes, w), mean(xp, a * x_hat, axes, w)
    return a - narrow(xp, along_one, a) - x_hat * narrow(xp, along_x_hat, a)
