"""`batch_norm`: the two operations and the update of the running statistics, as one function."""

from __future__ import annotations

from typing import Any

import minigrad as mg
from minigrad.extend import Tensor, is_state_update_enabled

from .checks import (
    check_eps,
    check_floats,
    check_momentum,
    check_statistics,
    check_variance_exists,
    check_vectors,
)
from .evaluation import batch_norm_evaluation, scale_of
from .statistics import count
from .training import batch_norm_training

__all__ = ["batch_norm"]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel of `input` brought to mean 0 and variance 1, times `weight`, plus `bias`.

    `input` is (N, C, ...), the other Tensors are (C,). With `training`, the mean and the biased
    variance of the batch are used, and `running_mean` and `running_var`, if given, become

        (1 - momentum) running + momentum batch

    where the variance of the batch is the unbiased one, over m - 1 for m values a channel. A batch
    of no values leaves them alone, and so does any batch under `mg.autograd.no_state_update`.
    Without `training` they are what is used, and don't change.

    Sums are made in float32 or wider; the output has the dtype of `input`.

    Raises ValueError for one value a channel in training, an eps or a momentum out of range, an
    input without a channel axis or on another device; RuntimeError for channels that don't match
    and for statistics that are missing; TypeError for an input that does not hold floats. The
    running statistics have not changed then.
    """
    check_floats("batch_norm", input)
    if input.ndim < 2:
        raise ValueError(f"batch_norm: expected input of shape (N, C, ...), got {input.shape}")
    check_statistics(running_mean, running_var, training)
    check_vectors(
        "batch_norm",
        input,
        running_mean=running_mean,
        running_var=running_var,
        weight=weight,
        bias=bias,
    )
    eps = check_eps("batch_norm", eps)
    axes = (0, *range(2, input.ndim))
    shift = constant(0, input) if bias is None else bias
    if not training:
        assert running_mean is not None  # check_statistics has seen to both
        assert running_var is not None
        # A copy, so that no graph holds the memory of the running statistics themselves.
        mean = mg.asarray(running_mean, copy=True)
        scale = scale_of(1.0 if weight is None else weight, running_var, eps)
        return batch_norm_evaluation(input, mean, scale, shift, axes=axes)

    momentum = check_momentum("batch_norm", momentum)
    check_variance_exists("batch_norm", input.shape, "when training")
    scale = constant(1, input) if weight is None else weight
    y, (mean, var, *_) = batch_norm_training(input, scale, shift, axes=axes, eps=eps)
    m = count(input.shape, axes)
    if not is_state_update_enabled():
        return y
    if running_mean is not None and running_var is not None and m > 0:
        xp = input.device.backend.xp
        new_mean = moved(xp, running_mean.data, mean.data, momentum)
        new_var = moved(xp, running_var.data, var.data * (m / (m - 1)), momentum)
        running_mean.data, running_var.data = new_mean, new_var
    return y


def constant(value: float, input: Tensor) -> Tensor:
    """`value` for every channel: the weight or the bias that is not there."""
    dtype = mg.result_type(input.dtype, mg.float32)
    return mg.full((input.shape[1],), value, dtype=dtype, device=input.device)


def moved(xp: Any, running: Any, batch: Any, momentum: float) -> Any:
    """A running statistic, moved towards that of a batch: new memory, in the old dtype."""
    new = (1 - momentum) * running + momentum * xp.reshape(batch, running.shape)
    return xp.astype(new, running.dtype, copy=False)
