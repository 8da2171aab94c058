"""What batch norm refuses, and what it says, before anything is computed or changed.

The kinds of exception are PyTorch's: ValueError for a rank, a batch or a number that makes no
sense, RuntimeError for channels that don't match or statistics that are missing, TypeError for a
dtype.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import minigrad as mg
from minigrad.extend import Tensor

from .running import Running
from .settings import Settings

__all__ = [
    "check_channel_axis",
    "check_channels",
    "check_floats",
    "check_mask",
    "check_pair",
    "check_rank",
    "check_running",
    "check_variance_exists",
    "check_vectors",
    "layout",
]


def check_floats(what: str, x: Any) -> None:
    """Raise TypeError unless `x` is a Tensor that holds floats."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{what}: expected a Tensor, got {type(x).__name__}; use mg.asarray(...)")
    if x.dtype.kind != "f":
        raise TypeError(
            f"{what}: expected floating-point input, got {x.dtype}; "
            "cast it, as in x.astype(mg.float32)"
        )


def layout(letters: str, channel_axis: int) -> str:
    """The axes of an input as a reader writes them: ("NCHW", -1) are (N, H, W, C)."""
    axes = [a for a in letters if a != "C"]
    axes.insert(channel_axis % len(letters), "C")
    return f"({', '.join(axes)})"


def check_rank(
    what: str, shape: tuple[int, ...], layouts: Mapping[int, str], channel_axis: int
) -> None:
    """Raise ValueError unless an input has as many axes as one of `layouts`."""
    rank = len(shape)
    if rank in layouts:
        return
    ranks = " or ".join([f"{n}D" for n in layouts])
    meant = " or ".join([layout(letters, channel_axis) for letters in layouts.values()])
    message = f"{what}: expected {ranks} input (got {rank}D input): {meant}, not {shape}"
    if rank + 1 in layouts:
        message += "; a single sample becomes a batch by mg.expand_dims(x, axis=0)"
    elif rank in (3, 4, 5):
        message += f"; that is for BatchNorm{rank - 2}d"
    raise ValueError(message)


def check_channel_axis(what: str, shape: tuple[int, ...], channel_axis: int) -> int:
    """The axis of the channels, from 0. Raises ValueError if an input has no such axis."""
    rank = len(shape)
    if rank < 2:
        raise ValueError(f"{what}: expected input of shape (N, C, ...), got {shape}")
    if not -rank <= channel_axis < rank:
        raise ValueError(f"{what}: channel_axis={channel_axis}, but the input has shape {shape}")
    return channel_axis % rank


def check_channels(
    what: str, shape: tuple[int, ...], axis: int, name: str, channels: int, letters: str = ""
) -> None:
    """Raise RuntimeError unless `axis` of an input has as many channels as `name` is for.

    `letters` are those of the input's axes; see `layout`.
    """
    if shape[axis] == channels:
        return
    message = f"{what}: {name} is for {channels} channels, axis {axis} of input {shape}"
    read_as = f", read as {layout(letters, axis)}," if letters else ""
    message += f"{read_as} has {shape[axis]}"
    others = [a for a, n in enumerate(shape) if n == channels]
    if others:
        other = others[-1]
        instead = -1 if other == len(shape) - 1 else other
        message += (
            f"; axis {other} has {channels}: if those are the channels, "
            f"use mg.moveaxis(x, {other}, {axis}), or channel_axis={instead}"
        )
    raise RuntimeError(message)


def check_vectors(what: str, x: Tensor, axis: int, **vectors: Tensor | None) -> None:
    """Raise unless each of `vectors` has one value for each channel of `x`, and is where `x` is."""
    device, fitting = x.device, (x.shape[axis],)
    for name, v in vectors.items():
        if v is None or (v.shape == fitting and v.device is device):
            continue
        if v.ndim != 1:
            raise RuntimeError(f"{what}: {name} has shape {v.shape}, expected {fitting}")
        check_channels(what, x.shape, axis, name, v.shape[0])
        raise ValueError(
            f"{what}: {name} is on {v.device}, the input on {device}; "
            f"move one, as in x.to({v.device.name!r})"
        )


def check_pair(mean: Tensor | None, var: Tensor | None) -> None:
    """Raise ValueError for one running statistic without the other."""
    if (mean is None) != (var is None):
        missing = "running_mean" if mean is None else "running_var"
        raise ValueError(
            f"batch_norm: {missing} is None; give both running_mean and running_var, or neither"
        )


def check_running(running: Running | None, settings: Settings, training: bool) -> None:
    """Raise unless there are the running statistics that are going to be used, or moved."""
    if running is None and not training:
        raise RuntimeError(
            "batch_norm: evaluation needs running_mean and running_var; "
            "training=True normalises by the statistics of the batch instead"
        )
    averages = training and running is not None and running.batches is None
    if averages and settings.momentum is None:
        raise ValueError(
            "batch_norm: momentum=None is the plain average of all batches, which needs their "
            "number: give a momentum, or use a layer, which counts them"
        )


def check_variance_exists(
    what: str, shape: tuple[int, ...], counts: Sequence[float], why: str
) -> None:
    """Raise ValueError for channels of one value. With none, nothing is normalised.

    `counts` are those of all channels, or one for each; see `running.counts_of`.
    """
    singles = [j for j, n in enumerate(counts) if n == 1]
    if not singles:
        return
    where = f", of which the mask leaves one to channels {singles}" if len(counts) > 1 else ""
    raise ValueError(
        f"{what}: expected more than 1 value per channel {why}, got input of shape {shape}{where}: "
        "one value has no variance; use a larger batch, leave out the last incomplete one "
        "(DataLoader(..., drop_last=True)), normalise by running statistics (eval() or "
        "freeze_stats()), or within each sample (nn.GroupNorm)"
    )


def check_mask(what: str, x: Tensor, mask: Any) -> None:
    """Raise unless `mask`, if there is one, has a weight, not negative, for each value of `x`."""
    if mask is None:
        return
    if not isinstance(mask, Tensor):
        raise TypeError(
            f"{what}: mask is a {type(mask).__name__}, expected a Tensor; use mg.asarray(...)"
        )
    fits = mask.ndim == x.ndim
    if not fits or any(n not in (1, full) for n, full in zip(mask.shape, x.shape, strict=True)):
        raise ValueError(
            f"{what}: mask has shape {mask.shape}, expected as many axes as the input, "
            f"{x.shape}, each of the same size or 1; add axes by mg.expand_dims(mask, axis=...)"
        )
    if mask.device is not x.device:
        raise ValueError(f"{what}: mask is on {mask.device}, the input on {x.device}; move one")
    if mask.requires_grad:
        raise ValueError(f"{what}: a mask has no gradient; hand in mask.detach()")
    if mask.dtype.kind != "b" and bool(mg.any(mask < 0)):
        raise ValueError(f"{what}: the weights in mask must not be negative")
