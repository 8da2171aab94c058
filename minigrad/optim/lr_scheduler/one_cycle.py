"""Up, and down again: one cycle for a whole training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler

__all__ = ["OneCycleLR"]


class OneCycleLR(LRScheduler):
    """From max_lr / div_factor up to `max_lr`, then down to 1 / final_div_factor of where it began.

    The rise takes the part `pct_start` of `total_steps` (or epochs * steps_per_epoch). With
    `three_phase` the way down mirrors the way up first. With `cycle_momentum` the momentum (or the
    first beta) goes the other way, between `max_momentum` and `base_momentum`. Smith and Topin
    2019, "Super-convergence". Raises ValueError for a step beyond the last.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None and epochs is not None and steps_per_epoch is not None:
            total_steps = epochs * steps_per_epoch
        if total_steps is None or total_steps < 1:
            raise ValueError(
                f"OneCycleLR: total_steps is {total_steps}; pass at least 1, or epochs and "
                "steps_per_epoch"
            )
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start is {pct_start}, expected 0 to 1")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy is {anneal_strategy!r}, expected 'cos' or 'linear'"
            )
        self.total_steps = total_steps
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self.use_beta1 = "betas" in optimizer.defaults
        if cycle_momentum and not (self.use_beta1 or "momentum" in optimizer.defaults):
            raise ValueError(
                f"OneCycleLR: {type(optimizer).__name__} has no momentum; pass cycle_momentum=False"
            )
        self.phases = phases(total_steps, pct_start, three_phase)
        peaks = for_each_group("max_lr", max_lr, optimizer)
        fast = for_each_group("max_momentum", max_momentum, optimizer)
        slow = for_each_group("base_momentum", base_momentum, optimizer)
        if last_epoch == -1:
            for i, group in enumerate(optimizer.param_groups):
                group["initial_lr"] = peaks[i] / div_factor
                group["max_lr"] = peaks[i]
                group["min_lr"] = group["initial_lr"] / final_div_factor
                if cycle_momentum:
                    group["max_momentum"], group["base_momentum"] = fast[i], slow[i]
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {self.last_epoch} of a cycle of {self.total_steps} steps"
            )
        start = 0.0
        end, ends, momenta = self.phases[-1]
        for phase in self.phases:
            end, ends, momenta = phase
            if self.last_epoch <= end:
                break
            start = end
        else:
            start = self.phases[-2][0]
        part = (self.last_epoch - start) / (end - start)
        for group in self.optimizer.param_groups:
            if self.cycle_momentum:
                momentum = self.between(group[momenta[0]], group[momenta[1]], part)
                if self.use_beta1:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        groups = self.optimizer.param_groups
        return [self.between(group[ends[0]], group[ends[1]], part) for group in groups]

    def between(self, start: float, end: float, part: float) -> float:
        """The value at `part` of the way from start to end."""
        if self.anneal_strategy == "linear":
            return start + (end - start) * part
        return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def phases(total_steps: int, pct_start: float, three_phase: bool) -> list[Any]:
    """For each phase its last step, between which rates it goes, and between which momenta."""
    up = [pct_start * total_steps - 1, ["initial_lr", "max_lr"], ["max_momentum", "base_momentum"]]
    last = total_steps - 1
    if not three_phase:
        return [up, [last, ["max_lr", "min_lr"], ["base_momentum", "max_momentum"]]]
    down = [
        2 * pct_start * total_steps - 2,
        ["max_lr", "initial_lr"],
        ["base_momentum", "max_momentum"],
    ]
    return [up, down, [last, ["initial_lr", "min_lr"], ["max_momentum", "max_momentum"]]]


def for_each_group(what: str, value: float | Sequence[float], optimizer: Optimizer) -> list[float]:
    """`value` for each group, or its own values if it has one for each."""
    count = len(optimizer.param_groups)
    values = list(value) if isinstance(value, Sequence) else [value] * count
    if len(values) != count:
        raise ValueError(f"OneCycleLR: {what} has {len(values)} values for {count} groups")
    return [float(v) for v in values]
