"""LRScheduler: sets the learning rate of each group when it is told to step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..optimizer import Optimizer

__all__ = ["LRScheduler"]


class LRScheduler:
    """The base of schedules. A subclass defines `get_lr()`, from `last_epoch` and the groups.

    `last_epoch` counts the calls of `step()`. The rate that a group began with is kept in it as
    "initial_lr", so a resumed optimiser brings it along; then `last_epoch` is where to go on from.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: {type(optimizer).__name__} is no Optimizer")
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: group {i} has no 'initial_lr' to resume from; load "
                    "the optimiser's state dict first, or leave last_epoch at -1"
                )
        self.optimizer = optimizer
        self.base_lrs = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """The rate of each group at `last_epoch`; a subclass says which."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def get_last_lr(self) -> list[float]:
        """The rates that the last `step()` set."""
        return self._last_lr

    def step(self) -> None:
        """Go on by one and set the rates. To be called after the optimiser's step."""
        self.last_epoch += 1
        rates = [float(rate) for rate in self.get_lr()]
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = rates

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands, as numbers and lists of numbers."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue where the schedule that `state_dict` came from stood.

        The rates themselves are in the optimiser's state dict. Raises KeyError, before anything is
        changed, if an entry is missing.
        """
        missing = [key for key in self.state_dict() if key not in state_dict]
        if missing:
            raise KeyError(f"{type(self).__name__}.load_state_dict: missing {missing}")
        vars(self).update({key: state_dict[key] for key in self.state_dict()})
