"""The whole text of what is said about a bad input; and that the layer is as before, to the bit."""

from __future__ import annotations

from typing import Any

import pytest

import minigrad as mg
from minigrad_bn import BatchNorm1d, BatchNorm2d, BatchNorm3d

from .layers import assert_same_state, batch, state_of

SHAPES = [
    # the layer, the shape of the input, everything that is said
    (
        BatchNorm1d(197),
        (2, 4096, 197),
        "BatchNorm1d: num_features is for 197 channels, axis 1 of input (2, 4096, 197), read as "
        "(N, C, L), has 4096; axis 2 has 197: if those are the channels, use mg.moveaxis(x, 2, 1), "
        "or channel_axis=-1",
    ),
    (
        BatchNorm2d(3),
        (8, 32, 32, 3),
        "BatchNorm2d: num_features is for 3 channels, axis 1 of input (8, 32, 32, 3), read as "
        "(N, C, H, W), has 32; axis 3 has 3: if those are the channels, use mg.moveaxis(x, 3, 1), "
        "or channel_axis=-1",
    ),
    (
        BatchNorm2d(3, channel_axis=-1),
        (8, 3, 32, 32),
        "BatchNorm2d: num_features is for 3 channels, axis 3 of input (8, 3, 32, 32), read as "
        "(N, H, W, C), has 32; axis 1 has 3: if those are the channels, use mg.moveaxis(x, 1, 3), "
        "or channel_axis=1",
    ),
    (
        BatchNorm1d(5),
        (4, 3),
        "BatchNorm1d: num_features is for 5 channels, axis 1 of input (4, 3), read as (N, C), "
        "has 3",
    ),
    (
        BatchNorm2d(3),
        (3, 8, 8),
        "BatchNorm2d: expected 4D input (got 3D input): (N, C, H, W), not (3, 8, 8); a single "
        "sample becomes a batch by mg.expand_dims(x, axis=0)",
    ),
    (
        BatchNorm1d(3),
        (4, 3, 8, 8),
        "BatchNorm1d: expected 2D or 3D input (got 4D input): (N, C) or (N, C, L), not "
        "(4, 3, 8, 8); that is for BatchNorm2d",
    ),
    (
        BatchNorm3d(3, channel_axis=-1),
        (4, 3),
        "BatchNorm3d: expected 5D input (got 2D input): (N, D, H, W, C), not (4, 3)",
    ),
    (
        BatchNorm1d(3, channel_axis=2),
        (4, 3),
        "BatchNorm1d: channel_axis=2, but the input has shape (4, 3)",
    ),
    (
        BatchNorm1d(3),
        (1, 3),
        "BatchNorm1d: expected more than 1 value per channel when training, got input of shape "
        "(1, 3): one value has no variance; use a larger batch, leave out the last incomplete one "
        "(DataLoader(..., drop_last=True)), normalise by running statistics (eval() or "
        "freeze_stats()), or within each sample (nn.GroupNorm)",
    ),
]


@pytest.mark.parametrize(("layer", "shape", "text"), SHAPES)
def test_b33_a_shape_that_does_not_fit_is_told_the_axes_and_the_way_out(layer, shape, text):
    before = state_of(layer)
    with pytest.raises((ValueError, RuntimeError)) as caught:
        layer(mg.zeros(shape))
    assert str(caught.value) == text
    assert_same_state(layer, before)


def test_b33_the_ways_out_that_are_named_lead_out():
    x = batch(0, (4, 8, 8, 3), dtype="float32")
    with pytest.raises(RuntimeError, match=r"mg.moveaxis\(x, 3, 1\), or channel_axis=-1"):
        BatchNorm2d(3)(x)
    assert BatchNorm2d(3)(mg.moveaxis(x, 3, 1)).shape == (4, 3, 8, 8)
    assert BatchNorm2d(3, channel_axis=-1)(x).shape == x.shape
    assert BatchNorm2d(3)(mg.expand_dims(batch(0, (3, 8, 8), dtype="float32"), axis=0)).ndim == 4


def on_strict(x: mg.Tensor) -> mg.Tensor:
    pytest.importorskip("array_api_strict")
    return x.to("strict")


def sick(x: mg.Tensor) -> mg.Tensor:
    return x * mg.nan


REFUSED: dict[str, tuple[dict[str, Any], Any, Any]] = {
    # what is wrong: options of the layer, what becomes of a good input, the exception
    "integers": ({}, lambda x: mg.astype(x, mg.int64), TypeError),
    "complex numbers": ({}, lambda x: mg.astype(x, mg.complex64), TypeError),
    "no Tensor": ({}, lambda x: x.tolist(), TypeError),
    "another rank": ({}, lambda x: mg.expand_dims(x, axis=(2, 3)), ValueError),
    "no batch axis": ({}, lambda x: x[0, :], ValueError),
    "other channels": ({}, lambda x: x[:, :2], RuntimeError),
    "one value a channel": ({}, lambda x: x[:1, :], ValueError),
    "not finite": ({"nonfinite": "raise"}, sick, FloatingPointError),
    "another device": ({}, on_strict, ValueError),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("momentum", [0.1, None])
def test_b02_whatever_raises_does_so_before_anything_changes(name, momentum):
    """And the next good batch is treated as if nothing had been."""
    options, spoil, kind = REFUSED[name]
    bn, other = (BatchNorm1d(3, momentum=momentum, **options) for _ in range(2))
    good = batch(0, (4, 3), dtype="float32")
    for layer in (bn, other):
        layer(good)
    before = state_of(bn)
    with pytest.raises(kind):
        bn(spoil(good))
    assert_same_state(bn, before)
    assert all(p.grad is None and p.requires_grad for p in bn.parameters())
    for layer in (bn, other):
        layer(good)
    assert_same_state(bn, state_of(other))
