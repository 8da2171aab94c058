"""BatchNorm1d, 2d and 3d: batch norm with a memory.

The core is pure; the layer owns weight and bias, the running statistics and the mode. Mode and
statistics are read once, at the forward: nothing that happens to the layer afterwards changes what
an earlier forward computed, or what its backward will.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, ClassVar, Self

from minigrad.extend import Tensor, is_state_update_enabled

from .checks import (
    check_channel_axis,
    check_channels,
    check_floats,
    check_rank,
    check_variance_exists,
)
from .core import normalise
from .dialects import dialect_of, options_of
from .freezing import Freezable
from .running import Running, counts_of, remember
from .settings import DEFAULT_MOMENTUM, NonFinite, OnSingle, Settings, complement, one_momentum

__all__ = ["BatchNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d"]


class BatchNorm(Freezable):
    """What the layers share: everything but the shapes they take.

    `eps` is added to the variance, under the square root. `momentum` is the weight of the new batch
    in the running statistics, or None for the plain average of all batches so far; `decay` is the
    weight of the old value, and says the same the other way round. With `affine` there is a
    `weight`, and with `bias` a `bias`. Without `track_running_stats` there are no buffers, and a
    batch is normalised by its own statistics in evaluation, too. Names, defaults and semantics are
    PyTorch's: the running variance is the unbiased one, over m - 1, unless `bessel` is False.

    `on_single`, `nonfinite` and `channel_axis` are told in `Settings`, and `settings` holds them
    all; `momentum` and `eps` may be changed later.

    Raises ValueError for a num_features or a setting out of range, and for momentum and decay both.
    Warns of eps=0, by which a constant channel becomes NaN, and of a momentum that looks like a
    decay.
    """

    layouts: ClassVar[dict[int, str]]
    """The axes of an input, channels second, by how many there are."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = DEFAULT_MOMENTUM,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
        decay: float | None = None,
        bessel: bool = True,
        on_single: OnSingle = "raise",
        nonfinite: NonFinite = "propagate",
        channel_axis: int = 1,
    ) -> None:
        settings = Settings(
            eps=eps,
            momentum=one_momentum(momentum, decay),
            bessel=bessel,
            on_single=on_single,
            nonfinite=nonfinite,
            channel_axis=channel_axis,
        )
        super().__init__(
            num_features,
            settings,
            affine=affine,
            bias=bias,
            track_running_stats=track_running_stats,
            device=device,
            dtype=dtype,
        )
        if self.eps == 0:
            warnings.warn("batch_norm: with eps=0, a constant channel becomes NaN", stacklevel=2)

    @classmethod
    def from_dialect(cls, dialect: str, num_features: int, **options: Any) -> Self:
        """A layer that keeps its statistics as another library does: see `dialects`.

        `options` are the constructor's. Raises ValueError for a dialect that does not exist, and
        for a momentum where the dialect means something else by it: there, say decay.
        """
        layer = cls(num_features, **options_of(dialect, options))
        initial_var = dialect_of(dialect).settings.initial_var
        layer.settings = replace(layer.settings, initial_var=initial_var)
        layer.reset_running_stats()
        return layer

    @property
    def running(self) -> Running | None:
        """The running statistics as the core takes them: the buffers themselves."""
        if self.running_mean is None or self.running_var is None:
            return None
        return Running(self.running_mean, self.running_var, self.num_batches_tracked)

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        """`input` normalised: by its own statistics in training, else by the running ones.

        A `mask` says which values are there, as those of a padded sequence: it broadcasts against
        the input, with as many axes. What it leaves out has no part in the statistics, and is 0 in
        the output.
        """
        self.check_input(input)
        by_batch, moves = self.normalises_by_batch, self.moves_stats
        running = self.running if moves or not by_batch else None
        y, new = self.normalise(input, running, training=by_batch, mask=mask)
        if moves and running is not None and new is not None and is_state_update_enabled():
            self.warn_if_half_frozen()
            remember(running, new)
        return y

    def normalise(
        self, input: Tensor, running: Running | None, *, training: bool, mask: Tensor | None
    ) -> tuple[Tensor, Running | None]:
        """The core, with what this layer is made of: output and new statistics, nothing changed.

        A layer that gathers its statistics in another way has another one.
        """
        return normalise(
            input,
            running,
            self.weight,
            self.bias,
            training=training,
            settings=self.settings,
            mask=mask,
        )

    def check_input(self, input: Any) -> None:
        """Raise unless `input` is a batch that this layer, in its mode, can normalise."""
        name = type(self).__name__
        check_floats(name, input)
        shape = input.shape
        check_rank(name, shape, self.layouts, self.settings.channel_axis)
        axis = check_channel_axis(name, shape, self.settings.channel_axis)
        letters = self.layouts[len(shape)]
        check_channels(name, shape, axis, "num_features", self.num_features, letters)
        single = input.size == self.num_features
        if single and self.normalises_by_batch and self.settings.on_single == "raise":
            self.check_variance(input)

    def check_variance(self, input: Tensor) -> None:
        """Raise ValueError for one value a channel."""
        name, shape = type(self).__name__, input.shape
        axis = check_channel_axis(name, shape, self.settings.channel_axis)
        axes = tuple([a for a in range(len(shape)) if a != axis])
        check_variance_exists(name, shape, counts_of(input, axes, None), self.why_by_batch)

    def extra_repr(self) -> str:
        """The arguments that make this layer as PyTorch shows them, and what PyTorch hides."""
        s = self.settings
        average = "plain average" if s.momentum is None else f"decay {complement(s.momentum)}"
        text = (
            f"{self.num_features}, eps={s.eps}, momentum={s.momentum} ({average}), "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )
        if self.track_running_stats:
            text += f", running_var={'unbiased' if s.bessel else 'biased'}"
        for name in ("on_single", "nonfinite", "channel_axis"):
            if getattr(s, name) != getattr(Settings, name):
                text += f", {name}={getattr(s, name)!r}"
        return text + (", stats_frozen=True" if self.stats_frozen else "")


class BatchNorm1d(BatchNorm):
    """Batch norm of (N, C), over N; or of (N, C, L), over N and L. See `BatchNorm`."""

    layouts: ClassVar = {2: "NC", 3: "NCL"}


class BatchNorm2d(BatchNorm):
    """Batch norm of (N, C, H, W), over N, H and W. See `BatchNorm`."""

    layouts: ClassVar = {4: "NCHW"}


class BatchNorm3d(BatchNorm):
    """Batch norm of (N, C, D, H, W), over N, D, H and W. See `BatchNorm`."""

    layouts: ClassVar = {5: "NCDHW"}
