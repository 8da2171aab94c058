"""SyncBatchNorm: a layer that normalises by the statistics of a batch shared out among ranks."""

from __future__ import annotations

from typing import Any, ClassVar

import minigrad as mg
from minigrad import nn
from minigrad.extend import Tensor

from .checks import check_channel_axis, check_mask, check_variance_exists, check_vectors
from .communicator import Alone, Communicator
from .layers import BatchNorm
from .running import Running, moved
from .settings import DEFAULT_MOMENTUM
from .synchronised import batch_norm_synchronised

__all__ = ["SyncBatchNorm", "convert_sync_batchnorm"]


class SyncBatchNorm(BatchNorm):
    """Batch norm of (N, C, ...) over N of all ranks, and all other axes but C. See `BatchNorm`.

    For any partition of a batch among the ranks, empty parts included, outputs, gradients and
    running statistics are those of batch norm of the whole: the gradients of weight and bias once
    they are summed over the ranks. In training all ranks have to call the layer, forward and
    backward, in the same order. In evaluation nothing is synchronised, as in PyTorch.

    `communicator` stands where PyTorch has process_group; without one, the layer is alone, and a
    batch norm. The other arguments are those of `BatchNorm`. One value a channel is an error if the
    whole batch has no other.
    """

    layouts: ClassVar = {2: "NC", 3: "NCL", 4: "NCHW", 5: "NCDHW"}

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = DEFAULT_MOMENTUM,
        affine: bool = True,
        track_running_stats: bool = True,
        communicator: Communicator | None = None,
        device: Any = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, **options
        )
        self.communicator: Communicator = communicator or Alone()

    def check_variance(self, input: Tensor) -> None:
        """In training, that is known only once the ranks have told how many values they have."""
        if not self.training:
            super().check_variance(input)

    def normalise(
        self, input: Tensor, running: Running | None, *, training: bool, mask: Tensor | None
    ) -> tuple[Tensor, Running | None]:
        """The core over all ranks; in evaluation, that of the layer alone."""
        if not (training and self.training):
            return super().normalise(input, running, training=training, mask=mask)
        name, s = type(self).__name__, self.settings
        axis = check_channel_axis(name, input.shape, s.channel_axis)
        check_vectors(name, input, axis, weight=self.weight, bias=self.bias)
        check_mask(name, input, mask)
        axes = tuple([a for a in range(input.ndim) if a != axis])
        y, (mean, var, _, _, _, count) = batch_norm_synchronised(
            input,
            self.weight,
            self.bias,
            mask,
            axes=axes,
            eps=s.eps,
            communicator=self.communicator,
        )
        counts = mg.reshape(count, (-1,)).tolist()
        if s.on_single == "raise":
            why = f"when training, over all {self.communicator.size} ranks"
            alike = mask is None and len(set(counts)) == 1
            check_variance_exists(name, input.shape, counts[:1] if alike else counts, why)
        return y, None if running is None else moved(running, mean, var, counts, s)


def convert_sync_batchnorm(
    module: nn.Module, communicator: Communicator | None = None
) -> nn.Module:
    """`module` with every BatchNorm in it replaced by a SyncBatchNorm, which is returned.

    As PyTorch's: the new layers share parameters and buffers with the old ones, and have their
    settings and modes; a layer that is used in two places stays one. What is itself a batch norm is
    returned converted, all else changed in place.
    """
    converted: dict[int, SyncBatchNorm] = {}

    def of(layer: BatchNorm) -> SyncBatchNorm:
        if id(layer) not in converted:
            new = SyncBatchNorm(layer.num_features, communicator=communicator)
            shared = {k: v for k, v in vars(layer).items() if k != "communicator"}
            vars(new).update(shared)
            converted[id(layer)] = new
        return converted[id(layer)]

    if isinstance(module, BatchNorm):
        return of(module)
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, BatchNorm):
                setattr(parent, name, of(child))
    return module
