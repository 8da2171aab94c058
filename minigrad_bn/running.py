"""The running statistics: values that a batch replaces by new values.

`Running` is a value, and `moved` makes the next one of it: nothing here writes to anything.
`remember` alone does, for those who keep their statistics in Tensors of their own, as layers do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad.extend import Tensor, is_state_update_enabled

from .settings import Settings
from .statistics import Axes, count, effective_count

__all__ = ["Running", "counts_of", "moved", "remember"]


class Running(NamedTuple):
    """What is known of all batches so far: a mean and a variance a channel, (C,), and their number.

    `batches` is a 0-d Tensor of integers; without it there is no plain average (momentum=None).
    """

    mean: Tensor
    var: Tensor
    batches: Tensor | None = None


def counts_of(x: Tensor, axes: Axes, mask: Tensor | None) -> list[float]:
    """How many values the channels of `x` have: one number for all or, under a mask, one each."""
    if mask is None:
        return [count(x.shape, axes)]
    xp = x.device.backend.xp
    # float64, so that a single value counts as exactly 1, whatever it weighs.
    found = effective_count(xp, x.shape, axes, xp.astype(mask.data, xp.float64))
    channels = [n for a, n in enumerate(x.shape) if a not in axes]
    return x.device.backend.to_numpy(xp.broadcast_to(xp.reshape(found, (-1,)), channels)).tolist()


def moved(
    running: Running, mean: Tensor, var: Tensor, counts: list[float], settings: Settings
) -> Running:
    """The running statistics after a batch with the biased statistics `mean` and `var`.

    `counts` is what `counts_of` tells. A channel of fewer than two values is not moved. A batch of
    no values is counted nevertheless, as in PyTorch; one of single values is not. Raises
    FloatingPointError, by nonfinite="raise", where the new ones would not be finite.
    """
    moves = [n > 1 for n in counts]
    if not any(moves) and 1 in counts:
        return running
    device = mean.device
    xp, batches = device.backend.xp, running.batches
    if batches is not None:
        batches = Tensor(device.backend.asarray(batches.data + 1, device=device), device)
    if not any(moves):
        return Running(running.mean, running.var, batches)
    old = [running.mean.data, running.var.data]
    batch = [xp.reshape(mean.data, (-1,)), xp.reshape(var.data, (-1,))]
    factors = [1.0, bessel(counts, device) if settings.bessel else 1.0]
    share: Any = settings.momentum
    if share is None:
        assert batches is not None  # check_running has seen to it
        # The count is an array and stays one: to ask for its value would be to wait for a GPU.
        share = 1 / xp.astype(batches.data, xp.float64)
    new = [moved_by(xp, *each, share) for each in zip(old, batch, factors, strict=True)]
    permitted = None if all(moves) else device.backend.asarray(moves, device=device)
    if settings.nonfinite != "propagate":
        # As the buffers have it: float32 ends long before the float64 of the variance does.
        spoilt = [xp.isfinite(r) & ~xp.isfinite(a) for r, a in zip(old, new, strict=True)]
        healthy = ~(spoilt[0] | spoilt[1])
        if settings.nonfinite == "raise" and not bool(xp.all(healthy)):
            refuse_nonfinite(healthy, mean)
        permitted = healthy if permitted is None else permitted & healthy
    if permitted is not None:
        new = [xp.where(permitted, a, r) for r, a in zip(old, new, strict=True)]
    new_mean, new_var = [Tensor(a, device) for a in new]
    return Running(new_mean, new_var, batches)


def moved_by(xp: Any, old: Any, batch: Any, factor: Any, share: Any) -> Any:
    """`old` moved towards `batch` times `factor`; `share` is the weight of the new."""
    return xp.astype((1 - share) * old + (share * factor) * batch, old.dtype, copy=False)


def bessel(counts: list[float], device: Any) -> Any:
    """The unbiased variance over the biased one: a number for all channels, or one each."""
    factors = [n / (n - 1) if n > 1 else 1.0 for n in counts]
    return factors[0] if len(factors) == 1 else device.backend.asarray(factors, device=device)


def refuse_nonfinite(healthy: Any, mean: Tensor) -> None:
    channels = [j for j, fine in enumerate(mean.device.backend.to_numpy(healthy)) if not fine]
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
