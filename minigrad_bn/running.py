"""The running statistics: values that a batch replaces by new values.

`Running` is a value, and `moved` makes the next one of it: nothing here writes to anything.
`remember` alone does, for those who keep their statistics in Tensors of their own, as layers do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad.extend import Tensor, is_state_update_enabled

from .settings import Settings

__all__ = ["Running", "moved", "remember"]


class Running(NamedTuple):
    """What is known of all batches so far: a mean and a variance a channel, (C,), and their number.

    `batches` is a 0-d Tensor of integers; without it there is no plain average (momentum=None).
    """

    mean: Tensor
    var: Tensor
    batches: Tensor | None = None


def moved(running: Running, mean: Tensor, var: Tensor, m: int, settings: Settings) -> Running:
    """The running statistics after a batch with the biased statistics `mean` and `var`.

    `m` is how many values each channel had. A batch of none is counted, as in PyTorch, and moves
    nothing. Raises FloatingPointError, by nonfinite="raise", for a mean or variance not finite.
    """
    batches = None if running.batches is None else running.batches + 1
    if m == 0:
        return Running(running.mean, running.var, batches)
    weight = settings.weight_of_batch(batches)
    bessel = m / (m - 1) if settings.bessel and m > 1 else 1.0
    xp = mean.device.backend.xp
    batch = [xp.reshape(mean.data, (-1,)), xp.reshape(var.data, (-1,)) * bessel]
    old = [running.mean.data, running.var.data]
    new = [
        xp.astype((1 - weight) * r + weight * b, r.dtype, copy=False)
        for r, b in zip(old, batch, strict=True)
    ]
    if settings.nonfinite != "propagate":
        healthy = xp.isfinite(batch[0]) & xp.isfinite(batch[1])
        if settings.nonfinite == "raise":
            refuse_nonfinite(healthy, mean)
        new = [xp.where(healthy, n, r) for n, r in zip(new, old, strict=True)]
    new_mean, new_var = [Tensor(n, mean.device) for n in new]
    return Running(new_mean, new_var, batches)


def refuse_nonfinite(healthy: Any, mean: Tensor) -> None:
    channels = [j for j, fine in enumerate(mean.device.backend.to_numpy(healthy)) if not fine]
    if channels:
        raise FloatingPointError(
            f"batch_norm: mean or variance of the batch is not finite in channels {channels}; "
            "the running statistics are as before. nonfinite='skip' leaves such channels out of "
            "them, 'propagate' lets them in"
        )


def remember(running: Running, new: Running) -> None:
    """Put new values into the Tensors of `running`; not under `mg.autograd.no_state_update`.

    The Tensors stay the same objects, and the arrays that they held stay as they are: a graph that
    holds one of them does not notice.
    """
    if not is_state_update_enabled():
        return
    for tensor, value in zip(running, new, strict=True):
        if tensor is not None and value is not None:
            tensor.data = value.data
