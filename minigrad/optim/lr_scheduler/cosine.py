"""Down along half a cosine."""

from __future__ import annotations

import math

from ..optimizer import Optimizer
from .scheduler import LRScheduler

__all__ = ["CosineAnnealingLR"]


class CosineAnnealingLR(LRScheduler):
    """From the initial rate to `eta_min` in `T_max` steps, along a cosine; then up again.

    Each rate follows from the one before, so that schedules can be chained; from the start on,
    eta_min + (initial - eta_min) (1 + cos(π t / T_max)) / 2. Loshchilov and Hutter 2017, "SGDR".
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_max < 1:
            raise ValueError(f"CosineAnnealingLR: T_max is {T_max}, expected at least 1")
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        t, low = self.last_epoch, self.eta_min
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self._is_initial:
            return rates
        if (t - 1 - self.T_max) % (2 * self.T_max) == 0:
            # At the bottom the ratio below would be 0 / 0: the first step up is added instead.
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [
                rate + (base - low) * rise for rate, base in zip(rates, self.base_lrs, strict=True)
            ]
        ratio = self.height(t) / self.height(t - 1)
        return [low + (rate - low) * ratio for rate in rates]

    def height(self, t: int) -> float:
        """Where the cosine stands between its bottom, 0, and its top, 1."""
        return (1 + math.cos(math.pi * t / self.T_max)) / 2
