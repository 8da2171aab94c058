"""Which statistics a layer normalises by, whatever its mode: three verbs and a block.

    freeze_stats(model)      by the running statistics, which stay; weight and bias go on learning
    freeze(model)            the same, and weight and bias stay, too
    unfreeze(model)          takes both back
    with use_batch_stats(model):     by the batch's own statistics, which are not remembered

`train()` and `eval()` change none of it: a model may be frozen once, and trained for ever. A state
dict does not hold it either; a copy of the layer does.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar, Self, TypeVar

from minigrad import nn
from minigrad.extend import switches

from .memory import Memory

__all__ = ["Freezable", "freeze", "freeze_stats", "unfreeze", "use_batch_stats"]

M = TypeVar("M", bound=nn.Module)

by_batch: ContextVar[frozenset[int]] = ContextVar("minigrad_bn_by_batch", default=frozenset())
"""The ids of the layers inside a `use_batch_stats` block of this thread or task."""

switches.append(by_batch)


class Freezable(Memory):
    """A layer with running statistics, or without; and which statistics it uses, and moves."""

    mixes_samples: ClassVar[bool] = True
    """Whether, without running statistics, a sample's output depends on those beside it."""

    stats_frozen: bool = False
    """Whether the running statistics are used and kept as they are, in training, too."""

    _declined: tuple[str, ...] = ()
    """The parameters that `freeze` told to learn no more, and `unfreeze` will tell otherwise."""

    _warned: bool = False

    @property
    def normalises_by_batch(self) -> bool:
        """Whether a forward now would use the batch's own statistics, not the running ones."""
        trains = self.training and not self.stats_frozen
        return trains or not self.track_running_stats or id(self) in by_batch.get()

    @property
    def moves_stats(self) -> bool:
        """Whether a forward now would move the running statistics."""
        trains = self.training and not self.stats_frozen
        return trains and self.track_running_stats and id(self) not in by_batch.get()

    @property
    def why_by_batch(self) -> str:
        """Why a forward now would use the batch's own statistics, as an error puts it."""
        if not self.track_running_stats:
            return "because track_running_stats=False"
        return "when training" if self.moves_stats else "in use_batch_stats()"

    def freeze_stats(self) -> Self:
        """Normalise by the running statistics, and keep them, in either mode; return the layer.

        Raises ValueError for a batch norm that has none.
        """
        return freeze_stats(self)

    def freeze(self) -> Self:
        """As `freeze_stats`, and the parameters learn no more; return the layer."""
        return freeze(self)

    def unfreeze(self) -> Self:
        """Take `freeze_stats` and `freeze` back; return the layer.

        A parameter that did not require grad when `freeze` came does not after this, either.
        """
        return unfreeze(self)

    def warn_if_half_frozen(self) -> None:
        """Warn, once, of statistics that move although no parameter learns."""
        parameters = [p for p in (self.weight, self.bias) if p is not None]
        if self._warned or not parameters or any(p.requires_grad for p in parameters):
            return
        self._warned = True
        warnings.warn(
            f"{type(self).__name__}: weight and bias don't require grad, but the running statistics"
            " still move with every batch in training; freeze() keeps both, freeze_stats() these",
            stacklevel=4,
        )


def freezable(model: nn.Module) -> list[Freezable]:
    """The layers of `model`, itself included, that these verbs are about."""
    return [m for m in model.modules() if isinstance(m, Freezable)]


def freeze_stats(model: M) -> M:
    """Let every batch norm of `model` use its running statistics, and keep them, in either mode.

    Instance norms that have running statistics, too. Without them, an instance norm normalises
    each sample by its own in either mode: nothing of it moves, and it is left alone. A batch norm
    without them can't hold still, as what it makes of a sample depends on the batch.

    Returns the model. Raises ValueError, with nothing changed, for such a batch norm.
    """
    for path, layer in model.named_modules():
        if isinstance(layer, Freezable) and layer.mixes_samples and not layer.track_running_stats:
            where = f" {path!r}" if path else ""
            raise ValueError(
                f"freeze: {type(layer).__name__}{where} has no running statistics to use and keep, "
                "because track_running_stats=False"
            )
    for layer in freezable(model):
        layer.stats_frozen = layer.track_running_stats
    return model


def freeze(model: M) -> M:
    """As `freeze_stats`, and the weights and biases of these layers learn no more, either.

    Returns the model, whose other layers are as before.
    """
    freeze_stats(model)
    for layer in freezable(model):
        learning = [n for n, p in layer.named_parameters(recurse=False) if p.requires_grad]
        layer._declined += tuple(learning)
        for name in learning:
            layer.get_parameter(name).requires_grad_(False)
    return model


def unfreeze(model: M) -> M:
    """Take `freeze_stats` and `freeze` back in every batch norm of `model`; return the model."""
    for layer in freezable(model):
        layer.stats_frozen = False
        for name in layer._declined:
            layer.get_parameter(name).requires_grad_()
        layer._declined = ()
    return model


@contextmanager
def use_batch_stats(model: nn.Module) -> Iterator[None]:
    """Inside, every batch norm of `model` normalises by the batch, and remembers nothing of it.

    In training and evaluation, frozen or not; in this thread or task only.
    """
    token = by_batch.set(by_batch.get() | {id(layer) for layer in freezable(model)})
    try:
        yield
    finally:
        by_batch.reset(token)
