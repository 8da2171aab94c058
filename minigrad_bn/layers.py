"""BatchNorm1d, 2d and 3d: batch norm with a memory.

The operation is pure; the layer owns weight and bias, the running statistics and the mode. Mode
and statistics are read once, at the forward: nothing that happens to the layer afterwards changes
what an earlier forward computed, or what its backward will.
"""

from __future__ import annotations

import warnings
from operator import index
from typing import Any, ClassVar

import minigrad as mg
from minigrad import nn
from minigrad.extend import Tensor, is_state_update_enabled

from .checks import (
    check_channels,
    check_eps,
    check_floats,
    check_momentum,
    check_rank,
    check_variance_exists,
)
from .functional import batch_norm

__all__ = ["BatchNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d"]


class BatchNorm(nn.Module):
    """What the layers share: everything but the shapes they take.

    `eps` is added to the variance, under the square root. `momentum` is the weight of the new batch
    in the running statistics, or None for the plain average of all batches so far. With `affine`
    there is a `weight`, and with `bias` a `bias`. Without `track_running_stats` there are no
    buffers, and a batch is normalised by its own statistics in evaluation, too. Names, defaults
    and semantics are PyTorch's: the running variance is the unbiased one, over m - 1.

    Raises ValueError for a num_features, an eps or a momentum out of range. Warns of eps=0, by
    which a constant channel becomes NaN.
    """

    layouts: ClassVar[dict[int, str]]
    """The axes of an input, by how many there are."""

    weight: nn.Parameter | None
    bias: nn.Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.num_features = index(num_features)
        if self.num_features < 0:
            raise ValueError(f"{name}: num_features must not be negative, got {num_features}")
        self.eps = check_eps(name, eps)
        if self.eps == 0:
            warnings.warn(f"{name}: with eps=0, a constant channel becomes NaN", stacklevel=2)
        self.momentum = None if momentum is None else check_momentum(name, momentum)
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
    def track_running_stats(self) -> bool:
        """Whether there are running statistics. Settled when the layer is made."""
        return self.running_mean is not None

    def forward(self, input: Tensor) -> Tensor:
        """`input` normalised: by its own statistics in training, else by the running ones."""
        name = type(self).__name__
        check_floats(name, input)
        check_rank(name, input.shape, self.layouts)
        check_channels(name, input.shape, "num_features", self.num_features)
        by_batch = self.training or not self.track_running_stats
        if by_batch:
            why = "when training" if self.training else "because track_running_stats=False"
            check_variance_exists(name, input.shape, why)
        y = batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=by_batch,
            momentum=self._momentum_of_next_batch(),
            eps=self.eps,
        )
        counts = self.training and is_state_update_enabled()
        if counts and self.num_batches_tracked is not None:
            self.num_batches_tracked.data = (self.num_batches_tracked + 1).data
        return y

    def _momentum_of_next_batch(self) -> float:
        """`momentum`; without one, batch t moves the average by a t-th."""
        if self.momentum is not None:
            return self.momentum
        if self.num_batches_tracked is None or not self.training:
            return 0.0  # nothing is moved
        return 1 / (int(self.num_batches_tracked) + 1)

    def reset_running_stats(self) -> None:
        """Make the running mean 0, the running variance 1, and start counting again."""
        for tensor, value in (
            (self.running_mean, 0),
            (self.running_var, 1),
            (self.num_batches_tracked, 0),
        ):
            if tensor is not None:
                tensor.data = mg.full_like(tensor, value).data

    def reset_parameters(self) -> None:
        """Make the weight 1 and the bias 0, and reset the running statistics."""
        self.reset_running_stats()
        for parameter, value in ((self.weight, 1), (self.bias, 0)):
            if parameter is not None:
                parameter.data = mg.full_like(parameter, value).data

    def extra_repr(self) -> str:
        """The arguments that make this layer, as PyTorch shows them."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(BatchNorm):
    """Batch norm of (N, C), over N; or of (N, C, L), over N and L. See `BatchNorm`."""

    layouts: ClassVar = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(BatchNorm):
    """Batch norm of (N, C, H, W), over N, H and W. See `BatchNorm`."""

    layouts: ClassVar = {4: "(N, C, H, W)"}


class BatchNorm3d(BatchNorm):
    """Batch norm of (N, C, D, H, W), over N, D, H and W. See `BatchNorm`."""

    layouts: ClassVar = {5: "(N, C, D, H, W)"}
