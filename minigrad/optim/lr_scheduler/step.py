"""Down by a factor, every so many steps."""

from __future__ import annotations

from ..optimizer import Optimizer
from .scheduler import LRScheduler

__all__ = ["StepLR"]


class StepLR(LRScheduler):
    """The rate times `gamma`, each time `step_size` steps are full."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if step_size < 1:
            raise ValueError(f"StepLR: step_size is {step_size}, expected at least 1")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        is_full = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        factor = self.gamma if is_full else 1.0
        return [group["lr"] * factor for group in self.optimizer.param_groups]
