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

__all__ = ["along", "project", "project_transposed", "scale_of", "standardised"]


def scale_of(xp: Any, weight: Any, inv_std: Any, axes: Axes) -> Any:
    """gamma i for each channel, in float64; i alone without a weight. Axes kept."""
    if weight is None:
        return inv_std
    return over(xp, weight, inv_std.shape, axes) * inv_std


def standardised(xp: Any, x: Any, mask: Any, mean: Any, mean_low: Any, inv_std: Any) -> Any:
    """x_hat, from the statistics of the forward; 0 where the mask is.

    It is rebuilt rather than kept: two subtractions cost less than an array of x's size.
    """
    wide = widen(xp, x)
    return kept(xp, (wide - mean - mean_low) * narrow(xp, inv_std, wide), mask)


def along(xp: Any, a: Any, x_hat: Any, axes: Axes) -> tuple[Any, Any]:
    """sum(a) and sum(a x_hat) of each channel."""
    return total(xp, a, axes), total(xp, a * x_hat, axes)


def project(xp: Any, a: Any, x_hat: Any, axes: Axes, w: Any, sums: tuple[Any, Any]) -> Any:
    """P(a); `sums` are those of `along`."""
    along_one, along_x_hat = sums
    return a - spread(xp, along_one, a, axes, w) - x_hat * spread(xp, along_x_hat, a, axes, w)


def project_transposed(xp: Any, a: Any, x_hat: Any, axes: Axes, w: Any) -> Any:
    """P'(a)."""
    along_one, along_x_hat = mean(xp, a, axes, w), mean(xp, a * x_hat, axes, w)
    return a - narrow(xp, along_one, a) - x_hat * narrow(xp, along_x_hat, a)
