"""What a layer refuses: in its own name, with the way out, and with its state unchanged."""

from __future__ import annotations

import warnings

import pytest

import minigrad as mg
from minigrad.testing.oracles import torch
from minigrad_bn import BatchNorm1d, BatchNorm2d, BatchNorm3d

from .layers import assert_same_state, state_of


@pytest.mark.parametrize(
    ("layer", "shape", "kind", "message"),
    [
        (BatchNorm1d(3), (4, 3, 2, 2), ValueError, r"2D or 3D input \(got 4D .*BatchNorm2d"),
        (BatchNorm1d(3), (3,), ValueError, r"\(N, C\) or \(N, C, L\), not \(3,\).*expand_dims"),
        (BatchNorm2d(3), (3, 8, 8), ValueError, r"4D input \(got 3D .*\(N, C, H, W\).*expand_dims"),
        (BatchNorm3d(3), (4, 3, 2), ValueError, r"5D input \(got 3D .*that is for BatchNorm1d"),
        (BatchNorm1d(3), (4, 5), RuntimeError, r"for 3 .* \(4, 5\), read as \(N, C\), has 5$"),
        (BatchNorm1d(5), (4, 3, 5), RuntimeError, r"axis 2 has 5: .*mg.moveaxis\(x, 2, 1\)"),
        (BatchNorm2d(3), (4, 8, 8, 3), RuntimeError, r"axis 3 has 3: .*mg.moveaxis\(x, 3, 1\)"),
    ],
)
def test_b33_an_input_of_another_shape_is_told_the_axes_and_the_way_out(
    layer, shape, kind, message
):
    before = state_of(layer)
    with pytest.raises(kind, match=message) as caught:
        layer(mg.ones(shape))
    assert str(caught.value).startswith(type(layer).__name__)
    assert_same_state(layer, before)
    if torch is not None:
        theirs = getattr(torch.nn, type(layer).__name__)(layer.num_features)
        with pytest.raises(kind):
            theirs(torch.ones(shape))


def test_b33_channels_are_checked_where_there_is_nothing_to_compare_with():
    bn = BatchNorm1d(5, affine=False, track_running_stats=False)
    with pytest.raises(RuntimeError, match="num_features is for 5 channels, axis 1 of input"):
        bn(mg.ones((4, 3)))


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"num_features": -1}, ValueError, "num_features must not be negative, got -1"),
        ({"num_features": 2.5}, TypeError, "float"),
        ({"eps": -1.0}, ValueError, "eps must be finite and at least 0, got -1.0"),
        ({"eps": float("inf")}, ValueError, "eps must be finite"),
        ({"momentum": 1.1}, ValueError, r"momentum.*in \[0, 1\], got 1.1"),
        ({"momentum": -0.1}, ValueError, r"momentum.*in \[0, 1\], got -0.1"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        BatchNorm2d(**{"num_features": 3, **arguments})


def test_integers_are_refused():
    bn = BatchNorm1d(3)
    with pytest.raises(TypeError, match="BatchNorm1d: expected floating-point input, got int64"):
        bn(mg.ones((4, 3), dtype=mg.int64))
    assert bn.num_batches_tracked.item() == 0


def test_eps_of_zero_warns_and_any_other_does_not():
    with pytest.warns(UserWarning, match="with eps=0, a constant channel becomes NaN"):
        BatchNorm1d(3, eps=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        BatchNorm1d(3, eps=1e-12)


def test_b04_whether_statistics_are_tracked_is_settled_when_the_layer_is_made():
    bn = BatchNorm1d(3)
    assert bn.track_running_stats
    with pytest.raises(AttributeError, match="track_running_stats"):
        bn.track_running_stats = False
    assert not BatchNorm1d(3, track_running_stats=False).track_running_stats
