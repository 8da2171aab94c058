"""Batch norm as one pure function: statistics go in, statistics come out, nothing is changed.

`batch_norm` and the layers are this function, and a place to keep what comes out of it.
"""

from __future__ import annotations

import minigrad as mg
from minigrad.extend import Tensor

from .checks import (
    check_channel_axis,
    check_floats,
    check_mask,
    check_running,
    check_variance_exists,
    check_vectors,
)
from .evaluation import batch_norm_evaluation, scale_of
from .running import Running, counts_of, moved
from .settings import Settings
from .statistics import kept
from .training import batch_norm_training

__all__ = ["normalise"]

PYTORCHS = Settings()


def normalise(
    input: Tensor,
    running: Running | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    training: bool,
    settings: Settings = PYTORCHS,
    mask: Tensor | None = None,
) -> tuple[Tensor, Running | None]:
    """`(y, new running statistics)`: each channel normalised, times `weight`, plus `bias`.

    `input` is (N, C, ...), or has its channels at `settings.channel_axis`; all else holds one value
    a channel. With `training`, the batch's own mean and biased variance are used, and `running`, if
    there is one, is moved by them as `settings` say; without, `running` is used, and comes back.
    The new statistics are constants: no gradient flows into them.

    A `mask` of bools, or of weights that are not negative, says which values of `input` take part
    in the statistics, or how much; it broadcasts against `input`, with as many axes. Where it is 0,
    y is 0, and nothing is read, NaN neither. A channel with no valid value moves no statistic.

    The graph of y holds copies of the values that it was computed from, not `running` itself. Sums
    are made in float32 or wider; y has the dtype of `input`.

    Raises ValueError for one value a channel in training (unless on_single="skip_update"), and for
    an input without a channel axis or on another device; RuntimeError for channels that don't
    match and statistics that are missing; TypeError for an input that does not hold floats;
    FloatingPointError, by nonfinite="raise", for statistics of the batch that are not finite.
    """
    check_floats("batch_norm", input)
    axis = check_channel_axis("batch_norm", input.shape, settings.channel_axis)
    mean, var = (None, None) if running is None else running[:2]
    check_running(running, settings, training)
    check_vectors(
        "batch_norm", input, axis, running_mean=mean, running_var=var, weight=weight, bias=bias
    )
    axes = tuple([a for a in range(input.ndim) if a != axis])
    check_mask("batch_norm", input, mask)
    if not training:
        assert mean is not None  # check_running has seen to both
        assert var is not None
        scale = scale_of(weight, var, settings.eps)
        fixed = mg.asarray(mean, copy=True)
        y = batch_norm_evaluation(kept(mg, input, mask), fixed, scale, bias, axes=axes)
        return kept(mg, y, mask), running

    counts = counts_of(input, axes, mask)
    if settings.on_single == "raise":
        check_variance_exists("batch_norm", input.shape, counts, "when training")
    y, (batch_mean, batch_var, *_) = batch_norm_training(
        input, weight, bias, mask, axes=axes, eps=settings.eps
    )
    if running is None:
        return y, None
    return y, moved(running, batch_mean, batch_var, counts, settings)
