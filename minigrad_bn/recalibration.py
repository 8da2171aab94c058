"""Are the running statistics those of the data? A measure of it, and the way to make them so.

Running statistics lag behind: they average over weights that have changed since, over batches of
augmented data, over too few steps. In evaluation a layer then normalises by the wrong numbers
(https://github.com/pytorch/pytorch/issues/4741; "precise" batch norm: Wu and Johnson 2021,
https://arxiv.org/abs/2105.07576, section 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.extend import Tensor

from .layers import BatchNorm

__all__ = ["StatsGap", "recalibrate", "train_eval_gap"]

M = TypeVar("M", bound=nn.Module)


def recalibrate(model: M, batches: Iterable[Any]) -> M:
    """Make the running statistics the plain average over `batches`, and return the model.

    A batch is an input of `model`, or a tuple or list whose first element is one, as a `DataLoader`
    gives them. Only batch norms run in training, and those that are frozen don't: the others are
    fed what evaluation will feed them, without dropout. Modes and momentum are the old ones
    afterwards.

    Raises ValueError for a model without running statistics that move, and for no batches. After
    that or any other error the statistics are the old ones.
    """
    layers = [
        m
        for m in model.modules()
        if isinstance(m, BatchNorm) and m.track_running_stats and not m.stats_frozen
    ]
    if not layers:
        raise ValueError(
            f"recalibrate: {type(model).__name__} has no batch norm whose running statistics move"
        )
    state = [(buffer, buffer.data) for layer in layers for buffer in layer.buffers()]
    settings = [(layer, layer.settings) for layer in layers]
    count = 0
    try:
        with modes_kept(model):
            model.eval()
            for layer in layers:
                layer.reset_running_stats()
                layer.settings = replace(layer.settings, momentum=None)
                layer.train()
            with mg.no_grad():
                for batch in batches:
                    model(input_of(batch))
                    count += 1
        if not count:
            raise ValueError("recalibrate: there are no batches, so there is nothing to average")
    except BaseException:
        for buffer, data in state:
            buffer.data = data
        raise
    finally:
        for layer, before in settings:
            layer.settings = before
    return model


class StatsGap(NamedTuple):
    """How far the statistics of a batch are from the running ones of one layer.

    `mean` is the largest |batch mean - running mean| / sqrt(running var + eps) over the channels,
    `var` the largest |log((batch var + eps) / (running var + eps))|, with the biased variance of
    the batch; `channel` is where the larger of the two is. A batch of no values makes them NaN.
    """

    layer: str
    mean: float
    var: float
    channel: int


def train_eval_gap(model: nn.Module, x: Any) -> list[StatsGap]:
    """Every batch norm of `model` by how much training and evaluation differ on `x`, worst first.

    `x` is sent through the model once, batch norms in training and all else in evaluation, and
    nothing of the model changes. A layer that x does not reach is left out, one that it reaches
    several times counts by its last batch. Raises ValueError if no batch norm has running
    statistics.
    """
    layers = [
        (name, m)
        for name, m in model.named_modules()
        if isinstance(m, BatchNorm) and m.track_running_stats
    ]
    if not layers:
        raise ValueError(
            f"train_eval_gap: {type(model).__name__} has no batch norm with running statistics"
        )
    seen: dict[str, StatsGap] = {}

    def watch(name: str) -> Any:
        def before(layer: BatchNorm, args: tuple[Tensor, ...], kwargs: dict[str, Tensor]) -> None:
            seen[name] = gap_of(name, layer, args[0] if args else kwargs["input"])

        return before

    handles = [
        layer.register_forward_pre_hook(watch(name), with_kwargs=True) for name, layer in layers
    ]
    try:
        with modes_kept(model), mg.no_grad(), mg.autograd.no_state_update():
            model.eval()
            for _, layer in layers:
                layer.train()
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    return sorted(seen.values(), key=lambda gap: -max(gap.mean, gap.var))


def gap_of(name: str, layer: BatchNorm, x: Tensor) -> StatsGap:
    """The gap of one layer for the input that it is about to normalise."""
    axis = layer.settings.channel_axis % x.ndim
    axes = tuple(a for a in range(x.ndim) if a != axis)
    values = x.detach().numpy().astype(np.float64)
    assert layer.running_mean is not None  # only such layers are watched
    assert layer.running_var is not None
    running_mean, running_var = (
        t.numpy().astype(np.float64) for t in (layer.running_mean, layer.running_var)
    )
    mean, var = values.mean(axis=axes), values.var(axis=axes)
    far = np.abs(mean - running_mean) / np.sqrt(running_var + layer.eps)
    ratio = np.abs(np.log((var + layer.eps) / (running_var + layer.eps)))
    channel = int(np.argmax(np.maximum(far, ratio)))
    return StatsGap(name, float(far.max()), float(ratio.max()), channel)


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Every module is in its old mode afterwards."""
    modes = [(m, m.training) for m in model.modules()]
    try:
        yield
    finally:
        for m, training in modes:
            m.training = training


def input_of(batch: Any) -> Any:
    """The input in what a loader gives."""
    return batch[0] if isinstance(batch, tuple | list) else batch
