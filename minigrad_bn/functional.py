"""`batch_norm`: the function with PyTorch's arguments, which changes the Tensors handed in."""

from __future__ import annotations

from minigrad.extend import Tensor

from .checks import check_pair
from .core import normalise
from .running import Running, remember
from .settings import DEFAULT_MOMENTUM, NonFinite, OnSingle, Settings, one_momentum

__all__ = ["batch_norm"]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = DEFAULT_MOMENTUM,
    eps: float = 1e-5,
    *,
    decay: float | None = None,
    bessel: bool = True,
    on_single: OnSingle = "raise",
    nonfinite: NonFinite = "propagate",
    channel_axis: int = 1,
    mask: Tensor | None = None,
) -> Tensor:
    """Each channel of `input` brought to mean 0 and variance 1, times `weight`, plus `bias`.

    `input` is (N, C, ...), the other Tensors are (C,). With `training`, the mean and the biased
    variance of the batch are used, and `running_mean` and `running_var`, if given, become

        (1 - momentum) running + momentum batch

    where the variance of the batch is the unbiased one, over m - 1 for m values a channel. A batch
    of no values leaves them alone, and so does any batch under `mg.autograd.no_state_update`.
    Without `training` they are what is used, and don't change. The keywords after `eps` are not
    PyTorch's; see `Settings`, and for `mask`, `normalise`.

    Raises what `normalise` and `Settings` raise, and ValueError for one running statistic without
    the other. The running statistics have not changed then.
    """
    check_pair(running_mean, running_var)
    settings = Settings(
        eps=eps,
        momentum=one_momentum(momentum, decay),
        bessel=bessel,
        on_single=on_single,
        nonfinite=nonfinite,
        channel_axis=channel_axis,
    )
    running = None
    if running_mean is not None and running_var is not None:
        running = Running(running_mean, running_var)
    y, new = normalise(
        input, running, weight, bias, training=training, settings=settings, mask=mask
    )
    if running is not None and new is not None:
        remember(running, new)
    return y
