"""What a normalisation with running statistics is made of, and what it remembers."""

from __future__ import annotations

from dataclasses import replace
from operator import index
from typing import Any

import minigrad as mg
from minigrad import nn
from minigrad.extend import Tensor

from .settings import Settings, one_momentum

__all__ = ["Memory"]


class Memory(nn.Module):
    """Weight and bias, running mean and variance, a counter: each of them may be None.

    The base of the layers; `settings` holds their constants. Raises ValueError for a num_features
    below 0.
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        settings: Settings,
        *,
        affine: bool,
        bias: bool,
        track_running_stats: bool,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        self.num_features = index(num_features)
        if self.num_features < 0:
            name = type(self).__name__
            raise ValueError(f"{name}: num_features must not be negative, got {num_features}")
        self.settings = settings
        self.affine = affine

        def full(value: float) -> Tensor:
            return mg.full((self.num_features,), value, dtype=dtype, device=device)

        def counter() -> Tensor:
            return mg.zeros((), dtype=mg.int64, device=device)

        self.register_parameter("weight", nn.Parameter(full(1.0)) if affine else None)
        self.register_parameter("bias", nn.Parameter(full(0.0)) if affine and bias else None)
        self.register_buffer("running_mean", full(0.0) if track_running_stats else None)
        self.register_buffer("running_var", full(1.0) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", counter() if track_running_stats else None)

    @property
    def eps(self) -> float:
        """What is added to the variance."""
        return self.settings.eps

    @eps.setter
    def eps(self, eps: float) -> None:
        self.settings = replace(self.settings, eps=eps)

    @property
    def momentum(self) -> float | None:
        """The weight of the new batch in the running statistics; None for the plain average."""
        return self.settings.momentum

    @momentum.setter
    def momentum(self, momentum: float | None) -> None:
        self.settings = replace(self.settings, momentum=one_momentum(momentum, None))

    @property
    def track_running_stats(self) -> bool:
        """Whether there are running statistics. Settled when the layer is made."""
        return self.running_mean is not None

    def check_state(self) -> dict[str, list[int]]:
        """The channels whose running statistics are sick, by name: empty for a healthy layer.

        That is where the mean is not finite, or the variance not finite or negative.
        """
        sick = {}
        for name, buffer in self.named_buffers(recurse=False):
            if name != "num_batches_tracked":
                fine = mg.isfinite(buffer) & (buffer >= (0 if name == "running_var" else -mg.inf))
                sick[name] = [j for j, ok in enumerate(fine.tolist()) if not ok]
        return {name: channels for name, channels in sick.items() if channels}

    def refuse_state(self, name: str, value: Any) -> str | None:
        """A running variance below 0, as averaging of weights makes it, is not loaded."""
        if name == "running_var" and (value < 0).any():
            channels = [j for j, v in enumerate(value) if v < 0]
            return f"a variance can't be negative, as it is in channels {channels}"
        return None

    def reset_running_stats(self) -> None:
        """Make the running mean 0, the running variance 1, and start counting again."""
        refill(self.running_mean, 0)
        refill(self.running_var, self.settings.initial_var)
        refill(self.num_batches_tracked, 0)

    def reset_parameters(self) -> None:
        """Make the weight 1 and the bias 0, and reset the running statistics."""
        self.reset_running_stats()
        refill(self.weight, 1)
        refill(self.bias, 0)


def refill(tensor: Tensor | None, value: float) -> None:
    """Give a Tensor another value everywhere; it stays the same object, on the same device."""
    if tensor is not None:
        tensor.data = mg.full_like(tensor, value).data
