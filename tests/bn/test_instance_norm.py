"""Instance norm: PyTorch's layers, and batch norm of each sample alone."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.testing.oracles import torch, torch_derivatives
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close
from minigrad_bn import (
    BatchNorm1d,
    InstanceNorm1d,
    InstanceNorm2d,
    freeze,
    freeze_stats,
    unfreeze,
    use_batch_stats,
)

from .bounds import assert_near, bounds_of
from .cases import Case, cases, frozen
from .derivatives import derivatives, training, values
from .layers import assert_same_state, batch, state_of

LAYERS: dict[int, Any] = {3: InstanceNorm1d, 4: InstanceNorm2d}
NAMES = ("weight", "bias", "running_mean", "running_var")
images = cases(ranks=(3, 4)).filter(lambda case: np.prod(case.x.shape[2:]) > 1)


def layer_for(case: Case, device: Any, affine: bool, tracked: bool, kind: Any = None) -> Any:
    kind = kind or LAYERS[case.x.ndim]
    n = case.x.shape[1]
    layer = kind(n, case.eps, case.momentum, affine, tracked, device=device, dtype=case.x.dtype)
    layer.load_state_dict(
        {k: getattr(case, k) for k in layer.state_dict() if k in NAMES}, strict=False
    )
    return layer


def torchs_for(case: Case, affine: bool, tracked: bool) -> Any:
    kind = torch.nn.InstanceNorm1d if case.x.ndim == 3 else torch.nn.InstanceNorm2d
    layer = kind(case.x.shape[1], case.eps, case.momentum, affine, tracked, dtype=torch.float64)
    state = {k: torch.tensor(getattr(case, k)) for k in layer.state_dict() if k in NAMES}
    layer.load_state_dict(state, strict=False)
    return layer


def size_of(case: Case) -> float:
    """Of the terms of values and derivatives: what the worst of its samples makes of them."""
    places = tuple(range(2, case.x.ndim))
    x = case.in_float64().x
    s = np.sqrt(np.minimum(x.var(axis=places), np.min(case.running_var)) + case.eps)
    spread = 1 + np.max(np.abs(x)) / s + np.max(np.abs(case.running_mean)) / s
    return float(np.max((1 + spread) ** 3 / np.minimum(s, 1) ** 2)) * 100


@needs_torch
@given(case=images, affine=st.booleans(), tracked=st.booleans(), trains=st.booleans(), seed=seeds)
def test_output_gradients_and_statistics_are_pytorchs(
    device, case: Case, affine, tracked, trains, seed
):
    layer = layer_for(case, device, affine, tracked).train(trains)
    exact = case.in_float64()
    theirs = torchs_for(exact, affine, tracked).train(trains)
    direction = case.normal(seed, case.x)

    y, first, second = derivatives(layer, [case.x], case.g, [direction], device)
    y_t, first_t, second_t = torch_derivatives(
        theirs, [exact.x], (0,), exact.g, [direction.astype(np.float64)]
    )
    same = {"dtype": case.x.dtype, "terms": case.m, "magnitude": size_of(case)}
    for a, e in zip([y, *first, *second], [y_t, *first_t, *second_t], strict=True):
        assert_close(a, e, "instance norm", **same)
    state, state_t = layer.state_dict(), theirs.state_dict()
    assert list(state) == list(state_t)
    for name, value in state.items():
        assert_close(values(value), state_t[name].numpy(), name, **same)


@given(case=images, affine=st.booleans(), seed=seeds)
def test_it_is_batch_norm_of_each_sample_alone_to_second_order(device, case: Case, affine, seed):
    """Weight and bias get what all samples send them together."""
    layer = layer_for(case, device, affine, False)
    if not affine:
        case = case.but(weight=np.ones_like(case.weight), bias=np.zeros_like(case.bias))
    direction = case.normal(seed, case.x)
    y, first, second = derivatives(layer, [case.x], case.g, [direction], device)
    for i in range(case.x.shape[0]):
        alone = case.but(x=np.array(case.x[i : i + 1]), g=np.array(case.g[i : i + 1]))
        there = [direction[i : i + 1], 0 * case.weight, 0 * case.bias]
        e_y, e_first, e_second = derivatives(training(alone), alone.inputs, alone.g, there, device)
        limit = bounds_of(alone, directions=there)
        assert_near(y[i : i + 1], e_y, limit.y, "y")
        assert_near(first[0][i : i + 1], e_first[0], limit.x, "gradient of x")
        assert_near(second[0][i : i + 1], e_second[0], limit.second_x, "second derivative")


@given(case=images)
def test_gradients_of_weight_and_bias_are_summed_over_the_samples(device, case: Case):
    layer = layer_for(case, device, True, False)
    y = layer(mg.asarray(case.x, device=device))
    y.backward(mg.asarray(case.g, device=device))
    places = tuple(range(2, case.x.ndim))
    exact = case.in_float64()
    mean = exact.x.mean(axis=places, keepdims=True)
    x_hat = (exact.x - mean) / np.sqrt(exact.x.var(axis=places, keepdims=True) + case.eps)
    same = {"dtype": case.x.dtype, "terms": case.m, "magnitude": size_of(case)}
    for parameter, terms in ((layer.weight, exact.g * x_hat), (layer.bias, exact.g)):
        assert_close(values(parameter.grad), np.sum(terms, axis=(0, *places)), "gradient", **same)


@given(case=images, tracked=st.booleans(), trains=st.booleans())
def test_an_input_without_a_batch_axis_is_one_sample(device, case: Case, tracked, trains):
    one = case.but(x=np.array(case.x[:1]))
    single, batch = (layer_for(one, device, True, tracked).train(trains) for _ in range(2))
    y = single(mg.asarray(one.x[0], device=device))
    expected = batch(mg.asarray(one.x, device=device))
    np.testing.assert_array_equal(values(y), values(expected)[0])
    for a, b in zip(single.state_dict().values(), batch.state_dict().values(), strict=True):
        np.testing.assert_array_equal(values(a), values(b))


def test_a_batch_of_no_samples_gives_none_and_moves_nothing(device):
    layer = InstanceNorm1d(3, affine=True, track_running_stats=True, device=device)
    y = layer(mg.zeros((0, 3, 4), device=device))
    assert y.shape == (0, 3, 4)
    assert not np.any(values(layer.running_mean))


def test_statistics_stay_under_no_state_update_and_come_back_by_reset(device):
    layer = InstanceNorm1d(2, track_running_stats=True, device=device)
    x = mg.asarray(frozen(np.arange(12.0, dtype=np.float32).reshape(2, 2, 3)), device=device)
    with mg.autograd.no_state_update():
        layer(x)
    assert not np.any(values(layer.running_mean))
    layer(x)
    np.testing.assert_allclose(values(layer.running_mean), [0.4, 0.7], rtol=1e-6)
    layer.reset_parameters()
    assert not np.any(values(layer.running_mean))
    np.testing.assert_array_equal(values(layer.running_var), [1, 1])


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        ((2, 3), ValueError, "expected 3D or 4D input (got 2D input): (C, H, W) or (N, C, H, W)"),
        (
            (2, 4, 3, 3),
            RuntimeError,
            "num_features is for 3 channels, axis 1 of input (2, 4, 3, 3)",
        ),
        ((2, 3, 1, 1), ValueError, "more than 1 value in each channel of a sample when training"),
    ],
)
def test_bad_input_is_refused_before_anything_changes(device, shape, kind, message):
    layer = InstanceNorm2d(3, track_running_stats=True, device=device)
    with pytest.raises(kind, match=re.escape(message)):
        layer(mg.ones(shape, device=device))
    assert not np.any(values(layer.running_mean))


def test_the_repr_is_pytorchs():
    assert repr(InstanceNorm1d(3, affine=True)) == (
        "InstanceNorm1d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=False)"
    )
    with pytest.raises(ValueError, match="num_features must not be negative, got -1"):
        InstanceNorm1d(-1)


# --- freezing ------------------------------------------------------------------------------------


def tracked_layer(device: Any) -> InstanceNorm1d:
    """A layer that has seen a batch."""
    layer = InstanceNorm1d(3, affine=True, track_running_stats=True, device=device, dtype="float64")
    layer(batch(0, (4, 3, 5), device))
    return layer


@pytest.mark.parametrize("verb", ["freeze", "freeze_stats"])
def test_b23_a_frozen_layer_evaluates_in_training_too_and_nothing_of_it_moves(device, verb):
    layer = tracked_layer(device)
    x = batch(1, (2, 3, 5), device)
    expected, before = values(layer.eval()(x)), state_of(layer)
    assert getattr(layer.train(), verb)() is layer
    assert "stats_frozen=True" in repr(layer)
    np.testing.assert_array_equal(values(layer(x)), expected)
    np.testing.assert_array_equal(values(layer(x[0])), expected[0])
    assert_same_state(layer, before)
    assert layer.weight.requires_grad == (verb == "freeze_stats")
    twin = tracked_layer(device)
    layer.unfreeze()
    np.testing.assert_array_equal(values(layer(x)), values(twin(x)))
    assert_same_state(layer, state_of(twin))
    assert layer.weight.requires_grad


def test_b04_inside_use_batch_stats_each_sample_is_normalised_by_its_own(device):
    layer = tracked_layer(device).eval()
    before, x = state_of(layer), batch(1, (2, 3, 5), device)
    own = InstanceNorm1d(3, device=device)
    with use_batch_stats(layer):
        np.testing.assert_array_equal(values(layer(x)), values(own(x)))
        np.testing.assert_array_equal(values(layer.train()(x)), values(own(x)))
        with pytest.raises(ValueError, match=r"of a sample in use_batch_stats\(\), got input"):
            layer(x[:, :, :1])
    assert_same_state(layer, before)


@pytest.mark.parametrize("verb", [freeze, freeze_stats])
def test_b23_a_model_freezes_around_an_instance_norm_without_running_statistics(device, verb):
    """It uses each sample's own statistics in either mode: nothing has to be kept."""
    own = InstanceNorm1d(3, affine=True, device=device)
    model = verb(nn.Sequential(own, BatchNorm1d(3, device=device)))
    assert model[1].stats_frozen and not own.stats_frozen
    assert own.weight.requires_grad == model[1].weight.requires_grad == (verb is freeze_stats)
    x = batch(1, (4, 3, 5), device, "float32")
    alone = values(own(x[:1]))
    np.testing.assert_array_equal(values(own(x))[:1], alone)
    np.testing.assert_array_equal(values(own.eval()(x))[:1], alone)
    unfreeze(model)
    assert own.weight.requires_grad


def test_b23_parameters_that_learn_no_more_warn_once_at_the_line_of_the_call(device):
    layer = tracked_layer(device).requires_grad_(False)
    x = batch(1, (2, 3, 5), device)
    with pytest.warns(UserWarning, match=r"InstanceNorm1d: .*freeze\(\) keeps both") as caught:
        layer(x)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(x)
        tracked_layer(device).requires_grad_(False).eval()(x)


def test_b15_check_state_names_sick_channels_and_a_negative_variance_is_not_loaded(device):
    layer = tracked_layer(device)
    assert layer.check_state() == {}
    state = layer.state_dict()
    state["running_var"] = mg.asarray([1.0, -1.0, 1.0], device=device)
    with pytest.raises(RuntimeError, match=r"a variance can't be negative.*channels \[1\]"):
        layer.load_state_dict(state)
    with mg.no_grad():
        layer(batch(1, (2, 3, 5), device) * mg.asarray([[[1.0], [1.0], [mg.nan]]], device=device))
    assert layer.check_state() == {"running_mean": [2], "running_var": [2]}
