"""The options that PyTorch lacks: decay, Bessel's factor, single values, what is not finite."""

from __future__ import annotations

import warnings
from inspect import signature

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.oracles import torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad_bn import BatchNorm1d, BatchNorm2d, Settings, batch_norm, use_batch_stats

from .bounds import assert_near, bounds_of, bounds_of_statistics
from .cases import Case, cases, shapes
from .derivatives import leaf, values
from .layers import LAYERS, assert_same_state, batch, layer_for, state_of


@needs_torch
@pytest.mark.parametrize("kind", ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"])
def test_arguments_are_pytorchs_and_what_is_more_comes_by_keyword_only(kind):
    ours = signature(getattr(__import__("minigrad_bn"), kind)).parameters.values()
    theirs = signature(getattr(torch.nn, kind)).parameters.values()
    assert [(p.name, p.default, p.kind) for p in ours][: len(theirs)] == [
        (p.name, p.default, p.kind) for p in theirs
    ]
    assert all(p.kind is p.KEYWORD_ONLY for p in list(ours)[len(theirs) :])
    ours = signature(batch_norm).parameters.values()
    theirs = signature(torch.nn.functional.batch_norm).parameters.values()
    assert [(p.name, p.default) for p in ours][: len(theirs)] == [
        (p.name, p.default) for p in theirs
    ]
    assert all(p.kind is p.KEYWORD_ONLY for p in list(ours)[len(theirs) :])


# --- momentum and decay --------------------------------------------------------------------------


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9, 0.99, 0.999, 1.0])
def test_a_decay_is_one_minus_a_momentum_to_the_last_bit(decay):
    bn = BatchNorm1d(3, decay=decay)
    assert bn.momentum == float(f"{1 - decay:.6f}")
    assert bn.settings.decay == decay


@pytest.mark.parametrize("momentum", [0.1, 0.2, None])
def test_momentum_and_decay_together_are_an_error_even_where_they_agree(momentum):
    with pytest.raises(ValueError, match="are two words for one weight, decay = 1 - momentum"):
        BatchNorm1d(3, momentum=momentum, decay=0.9)
    x, mean, var = mg.ones((2, 3)), mg.zeros(3), mg.ones(3)
    with pytest.raises(ValueError, match="give one of them"):
        batch_norm(x, mean, var, training=True, momentum=momentum, decay=0.9)
    assert (mean.tolist(), var.tolist()) == ([0.0] * 3, [1.0] * 3)


@pytest.mark.parametrize("momentum", [0.51, 0.9, 0.99])
def test_a_momentum_that_looks_like_a_decay_is_asked_about(momentum):
    bn = BatchNorm1d(3)
    x, mean, var = mg.asarray([[1.0], [2.0]]), mg.zeros(1), mg.ones(1)

    def set_it():
        bn.momentum = momentum

    for say in (
        lambda: BatchNorm2d(3, momentum=momentum),
        lambda: batch_norm(x, mean, var, training=True, momentum=momentum),
        set_it,
    ):
        with pytest.warns(UserWarning, match=f"did you mean decay={momentum}") as caught:
            say()
        assert len(caught) == 1
    assert bn.momentum == momentum


@pytest.mark.parametrize("options", [{"momentum": 1}, {"momentum": 0.5}, {"momentum": None}, {}])
def test_a_momentum_of_one_half_and_below_or_of_exactly_one_is_not(options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        BatchNorm1d(3, **options)
        BatchNorm1d(3, decay=0.1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "momentum=0.1 (decay 0.9), affine=True, bias=True, track_running_stats=True, "
             "running_var=unbiased"),
        ({"momentum": None}, "momentum=None (plain average), "),
        ({"decay": 0.999, "bessel": False}, "momentum=0.001 (decay 0.999), "),
        ({"bessel": False}, "running_var=biased"),
        ({"channel_axis": -1, "nonfinite": "skip"}, "nonfinite='skip', channel_axis=-1"),
        ({"on_single": "skip_update"}, "running_var=unbiased, on_single='skip_update'"),
    ],
)  # fmt: skip
def test_repr_shows_both_conventions_and_every_option(arguments, text):
    assert text in repr(BatchNorm1d(3, **arguments))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_single": "skip"}, r"on_single is 'skip', expected one of \('raise', 'skip_update'\)"),
        ({"nonfinite": "ignore"}, "nonfinite is 'ignore', expected one of"),
        ({"decay": 1.5}, r"decay, the weight of the old value, must lie in \[0, 1\], got 1.5"),
        ({"channel_axis": 1.0}, "float"),
    ],
)
def test_options_that_do_not_exist_are_refused(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        BatchNorm1d(3, **options)
    with pytest.raises((ValueError, TypeError), match=message):
        batch_norm(mg.ones((4, 3)), None, None, training=True, **options)


@pytest.mark.parametrize(("name", "value"), [("momentum", 2.0), ("eps", -1.0), ("eps", mg.nan)])
def test_a_setting_changed_later_is_checked_as_well(name, value):
    bn = BatchNorm1d(3)
    before = bn.settings
    with pytest.raises(ValueError, match=name):
        setattr(bn, name, value)
    assert bn.settings is before


# --- Bessel's factor -----------------------------------------------------------------------------


@given(case=cases())
def test_b01_without_bessel_the_running_variance_is_numpys_own(device, case: Case):
    mean, var = (mg.asarray(a, device=device) for a in (case.running_mean, case.running_var))
    x = mg.asarray(case.x, device=device)
    batch_norm(x, mean, var, training=True, momentum=1, bessel=False)
    expected = case.x.astype(np.float64).var(axis=case.axes)
    assert_near(values(var), expected, bounds_of_statistics(case)[1], "running variance")


@given(case=cases())
def test_b16_with_momentum_1_and_without_bessel_eval_repeats_train(device, case: Case):
    """So eps is under the root only, and in no buffer."""
    bn = layer_for(case, device)
    bn.settings = Settings(eps=case.eps, momentum=1, bessel=False)
    x = mg.asarray(case.x, device=device)
    trained = values(bn(x))
    assert_near(values(bn.eval()(x)), trained, bounds_of(case).y, "y")


# --- one value a channel -------------------------------------------------------------------------


@given(case=cases(["float64"], min_values=1), momentum=st.sampled_from([None, 0.1]))
def test_b02_a_single_value_may_be_told_to_move_nothing(device, case: Case, momentum):
    x = case.x[:1].reshape(1, case.x.shape[1], -1)[..., :1]
    bn = BatchNorm1d(
        x.shape[1], 0.1, momentum, dtype=mg.float64, on_single="skip_update", device=device
    )
    bn.bias.data = mg.asarray(case.bias, device=device).data
    before = state_of(bn)
    leaf_x = leaf(x, device)
    y = bn(leaf_x)
    np.testing.assert_array_equal(values(y)[0, :, 0], case.bias)
    found = mg.autograd.grad(y, [leaf_x, bn.weight, bn.bias], mg.asarray(x, device=device))
    assert not values(found[0]).any() and not values(found[1]).any()
    np.testing.assert_array_equal(values(found[2]), x[0, :, 0])
    assert_same_state(bn, before)


# --- what is not finite --------------------------------------------------------------------------


@given(shape=shapes((2, 3)), seed=seeds, j=st.integers(0, 3), bad=st.sampled_from([np.nan, np.inf]))
@pytest.mark.parametrize("momentum", [None, 0.3])
def test_b15_a_batch_that_is_not_finite_skips_or_poisons_its_channel_alone(
    device, shape, seed, j, bad, momentum
):
    j %= shape[1]
    others = np.arange(shape[1]) != j
    healthy = values(batch(seed, shape))
    sick = healthy.copy()
    sick[0, j] = bad
    found = {}
    for name, x in {"healthy": healthy, "propagate": sick, "skip": sick}.items():
        policy = "propagate" if name == "healthy" else name
        bn = LAYERS[len(shape)](
            shape[1], momentum=momentum, nonfinite=policy, dtype=mg.float64, device=device
        )
        before = state_of(bn)
        y = values(bn(mg.asarray(x, device=device)))
        found[name] = state_of(bn)
        if name != "healthy":
            assert np.isnan(y[:, j]).any()  # what is sick is never hidden
            assert bn.check_state() == (
                {} if name == "skip" else {"running_mean": [j], "running_var": [j]}
            )
    for name in ("running_mean", "running_var"):
        for policy in ("propagate", "skip"):
            np.testing.assert_array_equal(
                found[policy][name][others], found["healthy"][name][others]
            )
        assert not np.isfinite(found["propagate"][name][j])
        assert found["skip"][name][j] == before[name][j]
    assert found["skip"]["num_batches_tracked"] == 1


def test_b15_a_batch_that_is_not_finite_may_raise_before_anything_changes(device):
    bn = BatchNorm1d(4, nonfinite="raise", device=device)
    bn(batch(0, (5, 4), device, "float32"))
    before = state_of(bn)
    x = values(batch(1, (5, 4), dtype="float32"))
    x[2, 1], x[3, 3] = np.nan, -np.inf
    with pytest.raises(FloatingPointError, match=r"not finite in channels \[1, 3\]; the running"):
        bn(mg.asarray(x, device=device))
    assert_same_state(bn, before)
    assert np.isnan(values(bn.eval()(mg.asarray(x, device=device)))[2, 1])


@pytest.mark.parametrize(
    ("dtype", "size"), [("float32", 1.4e19), ("float32", 1e25), ("float64", 1e200)]
)
def test_b15_a_variance_too_large_for_its_buffer_is_not_finite_either(device, dtype, size):
    """The mean is finite, and so may be the variance, in the float64 that it is computed in."""
    x = mg.asarray(np.asarray([[1.0, size], [2.0, -size]], dtype), device=device)
    bn = BatchNorm1d(2, momentum=1, nonfinite="skip", dtype=dtype, device=device)
    bn(x)
    assert bn.check_state() == {}
    assert (bn.running_mean.tolist()[1], bn.running_var.tolist()[1]) == (0.0, 1.0)
    assert bn.running_mean.tolist()[0] != 0.0
    bn = BatchNorm1d(2, momentum=1, nonfinite="raise", dtype=dtype, device=device)
    with pytest.raises(FloatingPointError, match=r"not finite in channels \[1\]"):
        bn(x)


def test_b15_anomaly_detection_raises_at_the_forward_before_anything_changes(device):
    bn = BatchNorm1d(2, device=device)
    before = state_of(bn)
    x = mg.asarray([[1.0, mg.nan], [2.0, 3.0]], device=device)
    with mg.detect_anomaly(), pytest.raises(FloatingPointError, match="batch_norm_training of"):
        bn(x)
    assert_same_state(bn, before)


def test_b15_where_nothing_is_moved_nothing_is_refused(device):
    bn = BatchNorm1d(2, nonfinite="raise", device=device)
    x = mg.asarray([[1.0, mg.nan], [2.0, 3.0]], device=device)
    with use_batch_stats(bn):
        assert np.isnan(values(bn(x))[:, 1]).all()
    assert np.isnan(values(bn.freeze_stats()(x))[0, 1])


def test_b15_a_batch_is_not_blamed_for_statistics_that_were_sick_before(device):
    bn = BatchNorm1d(2, nonfinite="raise", device=device)
    bn.running_mean.data = mg.asarray([0.0, mg.nan], device=device).data
    bn(mg.asarray([[1.0, 2.0], [2.0, 4.0]], device=device))
    assert bn.check_state() == {"running_mean": [1]}
    assert bn.running_mean.tolist()[0] != 0.0


def test_b15_check_state_names_the_channels_of_statistics_that_can_not_be(device):
    bn = BatchNorm1d(4, device=device)
    assert bn.check_state() == {}
    bn.running_mean.data = mg.asarray([0.0, mg.inf, -mg.inf, -5.0], device=device).data
    bn.running_var.data = mg.asarray([-1e-9, 1.0, mg.nan, 0.0], device=device).data
    assert bn.check_state() == {"running_mean": [1, 2], "running_var": [0, 2]}
    assert BatchNorm1d(4, track_running_stats=False).check_state() == {}


# --- where the channels are ----------------------------------------------------------------------


@given(case=cases(), data=st.data(), training=st.booleans())
def test_b17_channels_may_be_on_any_axis(device, case: Case, data, training):
    """y, its gradients and the new statistics are those of the transposed input, to the bit."""
    axis = data.draw(st.integers(-case.x.ndim, case.x.ndim - 1))
    moved = np.moveaxis(case.x, 1, axis)
    g = np.moveaxis(case.g, 1, axis)
    found = []
    for x, cotangent, channel_axis in ((case.x, case.g, 1), (moved, g, axis)):
        bn = layer_for(case, device).train(training)
        bn.settings = Settings(eps=case.eps, channel_axis=channel_axis)
        x = leaf(x, device)
        y = bn(x)
        dx, *rest = mg.autograd.grad(
            y, [x, bn.weight, bn.bias], mg.asarray(cotangent, device=device)
        )
        y, dx = (np.moveaxis(values(a), channel_axis, 1) for a in (y, dx))
        found.append([y, dx, *map(values, rest), *state_of(bn).values()])
    limit = bounds_of(case, evaluation=not training)
    bounds = [limit.y, *limit.first, 0, 0, *bounds_of_statistics(case), 0]
    for a, e, bound in zip(*found, bounds, strict=True):
        assert_near(a, e, bound, "channels elsewhere")
