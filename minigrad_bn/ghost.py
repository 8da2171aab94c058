"""Ghost batch norm: each few samples of a batch normalised by their own statistics.

What accumulating gradients over small batches does without being asked, done on purpose, as a
regulariser of large batches (Hoffer, Hubara and Soudry 2017, https://arxiv.org/abs/1705.08741).
"""

from __future__ import annotations

from operator import index
from typing import Any, ClassVar

import minigrad as mg
from minigrad.extend import Tensor

from .layers import BatchNorm
from .mergeable import merge_stats, stats_of
from .running import Running, moved

__all__ = ["GhostBatchNorm1d", "GhostBatchNorm2d"]


class GhostBatchNorm(BatchNorm):
    """Batch norm in training of every `ghost_size` samples for themselves. See `BatchNorm`.

    The last ghost batch has what is left. The running statistics are moved once a batch, by those
    of the whole, which are the merged ones of the ghost batches; evaluation uses them, as always.
    A ghost batch of one value a channel is an error. Raises ValueError for a ghost_size below 1,
    and for channels along the first axis, which is that of the samples.
    """

    def __init__(self, num_features: int, ghost_size: int, *args: Any, **options: Any) -> None:
        super().__init__(num_features, *args, **options)
        self.ghost_size = index(ghost_size)
        if self.ghost_size < 1:
            raise ValueError(
                f"{type(self).__name__}: ghost_size must be at least 1, got {ghost_size}"
            )

    def check_input(self, input: Any) -> None:
        """As that of a batch norm; the channels have another axis than the samples, too."""
        super().check_input(input)
        axis = self.settings.channel_axis
        if axis % input.ndim == 0:
            raise ValueError(
                f"{type(self).__name__}: channel_axis={axis} of input {input.shape} is the axis of "
                "the samples, of which ghost batches are made"
            )

    def normalise(
        self, input: Tensor, running: Running | None, *, training: bool, mask: Tensor | None
    ) -> tuple[Tensor, Running | None]:
        """The core of each ghost batch; the statistics merged."""
        if not training or input.shape[0] <= self.ghost_size:
            return super().normalise(input, running, training=training, mask=mask)
        channel = self.settings.channel_axis % input.ndim
        axes = tuple([a for a in range(input.ndim) if a != channel])
        outputs, parts = [], []
        for start in range(0, input.shape[0], self.ghost_size):
            samples = slice(start, start + self.ghost_size)
            x = input[samples, ...]
            m = mask if mask is None or mask.shape[0] == 1 else mask[samples, ...]
            outputs.append(super().normalise(x, None, training=True, mask=m)[0])
            if running is not None:
                parts.append(stats_of(x.detach(), axes, m))
        y = mg.concat(outputs)
        if running is None:
            return y, None
        whole = merge_stats(*parts)
        counts = mg.reshape(whole.effective_count, (-1,)).tolist()
        return y, moved(running, whole.mean, whole.var, counts, self.settings)

    def extra_repr(self) -> str:
        """As that of a batch norm, and the size of a ghost batch."""
        return f"{super().extra_repr()}, ghost_size={self.ghost_size}"


class GhostBatchNorm1d(GhostBatchNorm):
    """Ghost batch norm of (N, C) or (N, C, L). See `GhostBatchNorm`."""

    layouts: ClassVar = {2: "NC", 3: "NCL"}


class GhostBatchNorm2d(GhostBatchNorm):
    """Ghost batch norm of (N, C, H, W). See `GhostBatchNorm`."""

    layouts: ClassVar = {4: "NCHW"}
