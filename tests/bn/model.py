"""What batch norm has to remember, in NumPy: the model that layers are held against."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad_bn import Settings

__all__ = ["Model", "normalised"]

Array = np.ndarray


class Model:
    """The state of a layer of `channels` channels for (N, C) batches, and how it moves."""

    def __init__(self, channels: int, settings: Settings) -> None:
        self.settings, self.training, self.frozen = settings, True, False
        self.mean, self.var = np.zeros(channels), np.full(channels, settings.initial_var)
        self.batches = 0

    @property
    def by_batch(self) -> bool:
        return self.training and not self.frozen

    def statistics(self, x: Array) -> tuple[Array, Array]:
        """The mean and the variance that `x` is normalised by; the memory moves, or it raises."""
        if not self.by_batch:
            return self.mean, self.var
        s, m = self.settings, len(x)
        mean, var = (x.mean(0), x.var(0)) if m else (0 * self.mean, 0 * self.mean)
        fine = np.isfinite(mean) & np.isfinite(var)
        if m == 1:
            if s.on_single == "raise":
                raise ValueError
            return mean, var
        if s.nonfinite == "raise" and not fine.all():
            raise FloatingPointError
        self.batches += 1
        if m:
            w = 1 / self.batches if s.momentum is None else s.momentum
            moves = fine | (s.nonfinite == "propagate")
            bessel = m / (m - 1) if s.bessel else 1
            self.mean = np.where(moves, (1 - w) * self.mean + w * mean, self.mean)
            self.var = np.where(moves, (1 - w) * self.var + w * var * bessel, self.var)
        return mean, var


def normalised(
    x: Array, weight: Array, bias: Array, g: Array, statistics: Any, eps: float, by_batch: bool
) -> list[Array]:
    """y, and the gradients of x, weight and bias under the cotangent `g`, by the formulas."""
    mean, var = statistics
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * inv_std
    dx = g
    if by_batch and len(x):
        dx = g - g.mean(0) - x_hat * (g * x_hat).mean(0)
    return [x_hat * weight + bias, dx * weight * inv_std, (g * x_hat).sum(0), g.sum(0)]
