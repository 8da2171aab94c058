"""Instance norm: batch norm over the places of each sample alone, on the same operations.

The mean and the variance are those of one channel of one sample, so weight and bias are the only
thing that samples share; and running statistics, for those who want them. Ulyanov, Vedaldi and
Lempitsky 2016, https://arxiv.org/abs/1607.08022. Names, defaults and semantics are PyTorch's.
"""

from __future__ import annotations

from typing import Any, ClassVar

import minigrad as mg
from minigrad.extend import Tensor, is_state_update_enabled

from .checks import check_channels, check_floats, check_vectors
from .core import normalise
from .freezing import Freezable
from .running import Running, moved, remember
from .settings import DEFAULT_MOMENTUM, Settings
from .statistics import count
from .training import batch_norm_training

__all__ = ["InstanceNorm", "InstanceNorm1d", "InstanceNorm2d"]


class InstanceNorm(Freezable):
    """What the layers share: everything but the shapes they take.

    With `affine` there are a `weight` and a `bias`, one value a channel. With `track_running_stats`
    there are a running mean and variance, the averages over the samples of what each had (the
    variance unbiased), which evaluation normalises by; `momentum` is the weight of the new batch.
    Without, a sample is normalised by its own statistics in evaluation, too. An input without a
    batch axis is one sample. `num_batches_tracked` stays 0, as PyTorch's does. What `freezing`
    calls the batch's own statistics are here those of each sample.

    Raises ValueError for a num_features, an eps or a momentum out of range.
    """

    layouts: ClassVar[tuple[str, str]]
    """An input of one sample, and of a batch."""

    mixes_samples: ClassVar[bool] = False

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = DEFAULT_MOMENTUM,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            num_features,
            Settings(eps=eps, momentum=momentum),
            affine=affine,
            bias=True,
            track_running_stats=track_running_stats,
            device=device,
            dtype=dtype,
        )

    def forward(self, input: Tensor) -> Tensor:
        """`input` normalised, sample by sample and channel by channel."""
        name = type(self).__name__
        check_floats(name, input)
        single, batched = self.layouts
        if input.ndim not in (len(single), len(batched)):
            meant = " or ".join([f"({', '.join(letters)})" for letters in self.layouts])
            raise ValueError(
                f"{name}: expected {len(single)}D or {len(batched)}D input "
                f"(got {input.ndim}D input): {meant}, not {input.shape}"
            )
        if self.moves_stats and is_state_update_enabled():
            self.warn_if_half_frozen()
        if input.ndim == len(single):
            return mg.squeeze(self._of_batch(mg.expand_dims(input, axis=0)), axis=0)
        return self._of_batch(input)

    def _of_batch(self, x: Tensor) -> Tensor:
        name, running = type(self).__name__, None
        check_channels(name, x.shape, 1, "num_features", self.num_features)
        if self.running_mean is not None and self.running_var is not None:
            running = Running(self.running_mean, self.running_var)
        if not self.normalises_by_batch:
            y, _ = normalise(
                x, running, self.weight, self.bias, training=False, settings=self.settings
            )
            return y
        check_vectors(name, x, 1, weight=self.weight, bias=self.bias)
        places = tuple(range(2, x.ndim))
        m = count(x.shape, places)
        if m == 1:
            raise ValueError(
                f"{name}: expected more than 1 value in each channel of a sample "
                f"{self.why_by_batch}, got input of shape {x.shape}: one value has no variance; "
                "use batch norm or layer norm"
            )
        per_sample = x.shape[:2]
        weight, bias = [
            None if v is None else mg.broadcast_to(v, per_sample) for v in (self.weight, self.bias)
        ]
        y, (mean, var, *_) = batch_norm_training(x, weight, bias, axes=places, eps=self.eps)
        if self.moves_stats and running is not None and x.shape[0] > 0:
            mean, var = [mg.mean(mg.reshape(s, per_sample), axis=0) for s in (mean, var)]
            remember(running, moved(running, mean, var, [m], self.settings))
        return y

    def extra_repr(self) -> str:
        """The arguments that make this layer, as PyTorch shows them."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
            + (", stats_frozen=True" if self.stats_frozen else "")
        )


class InstanceNorm1d(InstanceNorm):
    """Instance norm of (N, C, L) or (C, L), over L. See `InstanceNorm`."""

    layouts: ClassVar = ("CL", "NCL")


class InstanceNorm2d(InstanceNorm):
    """Instance norm of (N, C, H, W) or (C, H, W), over H and W. See `InstanceNorm`."""

    layouts: ClassVar = ("CHW", "NCHW")
