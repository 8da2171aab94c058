"""What batch norm refuses, and what it says, before anything is computed or changed.

The kinds of exception are PyTorch's: ValueError for a rank, a batch or a number that makes no
sense, RuntimeError for channels that don't match or statistics that are missing, TypeError for a
dtype.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minigrad.extend import Tensor

from .statistics import count

__all__ = [
    "check_channels",
    "check_eps",
    "check_floats",
    "check_momentum",
    "check_rank",
    "check_statistics",
    "check_variance_exists",
    "check_vectors",
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


def check_rank(what: str, shape: tuple[int, ...], layouts: Mapping[int, str]) -> None:
    """Raise ValueError unless an input has as many axes as one of `layouts`."""
    rank = len(shape)
    if rank in layouts:
        return
    ranks = " or ".join([f"{n}D" for n in layouts])
    meant = " or ".join(layouts.values())
    message = f"{what}: expected {ranks} input (got {rank}D input): {meant}, not {shape}"
    if rank + 1 in layouts:
        message += "; a single sample becomes a batch by mg.expand_dims(x, axis=0)"
    elif rank in (3, 4, 5):
        message += f"; that is for BatchNorm{rank - 2}d"
    raise ValueError(message)


def check_channels(what: str, shape: tuple[int, ...], name: str, channels: int) -> None:
    """Raise RuntimeError unless axis 1 of an input has as many channels as `name` is for."""
    if shape[1] == channels:
        return
    message = f"{what}: {name} is for {channels} channels, axis 1 of input {shape} has {shape[1]}"
    others = [a for a, n in enumerate(shape) if n == channels]
    if others:
        message += (
            f"; axis {others[-1]} has {channels}: if those are the channels, "
            f"use mg.moveaxis(x, {others[-1]}, 1)"
        )
    raise RuntimeError(message)


def check_vectors(what: str, x: Tensor, **vectors: Tensor | None) -> None:
    """Raise unless each of `vectors` has one value for each channel of `x`, and is where `x` is."""
    for name, v in vectors.items():
        if v is None:
            continue
        if v.ndim != 1:
            raise RuntimeError(f"{what}: {name} has shape {v.shape}, expected ({x.shape[1]},)")
        check_channels(what, x.shape, name, v.shape[0])
        if v.device is not x.device:
            raise ValueError(
                f"{what}: {name} is on {v.device}, the input on {x.device}; "
                f"move one, as in x.to({v.device.name!r})"
            )


def check_statistics(mean: Tensor | None, var: Tensor | None, training: bool) -> None:
    """Raise unless the running statistics come together, and are there where they are needed."""
    if (mean is None) != (var is None):
        missing = "running_mean" if mean is None else "running_var"
        raise ValueError(
            f"batch_norm: {missing} is None; give both running_mean and running_var, or neither"
        )
    if mean is None and not training:
        raise RuntimeError(
            "batch_norm: evaluation needs running_mean and running_var; "
            "training=True normalises by the statistics of the batch instead"
        )


def check_variance_exists(what: str, shape: tuple[int, ...], why: str) -> None:
    """Raise ValueError for a batch with one value a channel. With none, nothing is normalised."""
    if count(shape, (0, *range(2, len(shape)))) == 1:
        raise ValueError(
            f"{what}: expected more than 1 value per channel {why}, got input of shape {shape}: "
            "one value has no variance; use a larger batch, leave out the last incomplete one "
            "(DataLoader(..., drop_last=True)), normalise by running statistics (eval()), "
            "or within each sample (nn.GroupNorm)"
        )


def check_eps(what: str, eps: Any) -> float:
    """`eps` as a float. Raises ValueError unless it is finite and at least 0."""
    eps = float(eps)
    if not 0 <= eps < float("inf"):
        raise ValueError(f"{what}: eps must be finite and at least 0, got {eps}")
    return eps


def check_momentum(what: str, momentum: Any) -> float:
    """`momentum` as a float. Raises ValueError unless it lies between 0 and 1."""
    momentum = float(momentum)
    if not 0 <= momentum <= 1:
        raise ValueError(
            f"{what}: momentum, the weight of the new batch, must lie in [0, 1], got {momentum}"
        )
    return momentum
