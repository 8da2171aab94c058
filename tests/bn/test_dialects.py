"""Other libraries' conventions: layers that keep theirs, and states that go from one to another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close
from minigrad_bn import BatchNorm1d, BatchNorm2d, convert_state, cs231n
from minigrad_bn.dialects import DIALECTS

from .derivatives import values
from .layers import batch, state_of

WRITTEN = {
    # weight of the old value, eps, the variance kept is over m - ..., names, variance at first
    "torch": (0.9, 1e-5, 1, ["weight", "bias", "running_mean", "running_var"], 1),
    "keras": (0.99, 1e-3, 0, ["gamma", "beta", "moving_mean", "moving_variance"], 1),
    "cs231n": (0.9, 1e-5, 0, ["gamma", "beta", "running_mean", "running_var"], 0),
    "chainer": (0.9, 2e-5, 1, ["gamma", "beta", "avg_mean", "avg_var"], 1),
    "flax": (0.99, 1e-5, 0, ["scale", "bias", "mean", "var"], 1),
    "onnx": (0.9, 1e-5, 0, ["scale", "B", "input_mean", "input_var"], 1),
}
"""As the libraries' documentation has it, apart from the code that is tested."""

names = st.sampled_from(list(WRITTEN))


def test_there_are_six_dialects():
    assert list(DIALECTS) == list(WRITTEN)
    with pytest.raises(ValueError, match="no dialect 'jax'; there are torch, keras, cs231n"):
        BatchNorm1d.from_dialect("jax", 3)


@given(dialect=names, k=st.integers(1, 4), seed=seeds)
def test_a_layer_of_a_dialect_keeps_its_statistics_as_its_library_writes(device, dialect, k, seed):
    decay, eps, ddof, _, var = WRITTEN[dialect]
    bn = BatchNorm2d.from_dialect(dialect, 3, dtype=mg.float64, device=device)
    mean = np.zeros(3)
    for i in range(k):
        x = batch(seed + i, (4, 3, 2, 2), device)
        y = values(bn(x))
        x = values(x)
        mean = decay * mean + (1 - decay) * x.mean((0, 2, 3))
        var = decay * var + (1 - decay) * x.var((0, 2, 3), ddof=ddof)
        centred = x - x.mean((0, 2, 3), keepdims=True)
        expected = centred / np.sqrt(x.var((0, 2, 3), keepdims=True) + eps)
        assert_close(y, expected, "y", terms=16, magnitude=1e3)
    assert_close(values(bn.running_mean), mean, "running_mean", terms=16 * k, magnitude=30)
    assert_close(values(bn.running_var), var, "running_var", terms=16 * k, magnitude=900)
    bn.reset_running_stats()
    assert bn.running_var.tolist() == [float(WRITTEN[dialect][4])] * 3


@given(k=st.integers(1, 4), seed=seeds)
def test_the_courses_dialect_is_the_courses_functions(k, seed):
    bn = BatchNorm1d.from_dialect("cs231n", 3, dtype=mg.float64)
    bn_param = {"mode": "train"}
    for i in range(k):
        x = batch(seed + i, (5, 3))
        y, _ = cs231n.batchnorm_forward(values(x), np.ones(3), np.zeros(3), bn_param)
        assert_close(values(bn(x)), y, "y", terms=5, magnitude=1e3)
    state = convert_state(state_of(bn), "torch", "cs231n", m=math.inf)
    for name in ("running_mean", "running_var"):
        assert_close(state[name], bn_param[name], name, terms=5 * k, magnitude=900)


@pytest.mark.parametrize("dialect", [d for d in WRITTEN if d != "torch"])
def test_a_momentum_that_means_the_old_value_there_has_to_be_called_decay(dialect):
    with pytest.raises(ValueError, match=r"weight of the old value: say decay=0\.8 if"):
        BatchNorm1d.from_dialect(dialect, 3, momentum=0.8)
    assert BatchNorm1d.from_dialect(dialect, 3, decay=0.8).momentum == 0.2


def test_options_come_before_the_dialects_own():
    bn = BatchNorm1d.from_dialect("keras", 3, eps=0.5, affine=False, channel_axis=-1, bessel=True)
    assert (bn.eps, bn.momentum, bn.weight, bn.settings.bessel) == (0.5, 0.01, None, True)
    assert BatchNorm1d.from_dialect("torch", 3, momentum=0.3).momentum == 0.3
    assert bn(mg.ones((2, 5, 3))).shape == (2, 5, 3)


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("torch", "eps=1e-05, momentum=0.1 (decay 0.9)"),
        ("keras", "eps=0.001, momentum=0.01 (decay 0.99)"),
        ("chainer", "eps=2e-05, momentum=0.1 (decay 0.9)"),
    ],
)
def test_repr_shows_a_dialect_in_both_conventions(dialect, text):
    assert text in repr(BatchNorm1d.from_dialect(dialect, 3))


# --- states --------------------------------------------------------------------------------------


def a_state(dialect: str, seed: int = 0) -> dict[str, np.ndarray]:
    drawn = np.random.default_rng(seed).uniform(0.1, 3, (4, 3))
    return dict(zip(WRITTEN[dialect][3], drawn, strict=True))


@given(source=names, target=names, m=st.integers(2, 50), seed=seeds)
def test_a_state_means_the_same_in_another_dialect(source, target, m, seed):
    state = a_state(source, seed)
    found = convert_state(state, source, target, m=m)
    assert list(found) == WRITTEN[target][3]
    *same, var = zip(found.values(), state.values(), strict=True)
    for new, old in same:
        np.testing.assert_array_equal(new, old)
    biased = var[1] * ((m - WRITTEN[source][2]) / m)
    assert_close(var[0] * ((m - WRITTEN[target][2]) / m), biased, "the biased variance")
    back = convert_state(found, target, source, m=m)
    for name, value in state.items():
        assert_close(back[name], value, name)


@given(source=names, target=names)
def test_the_limit_of_large_batches_leaves_the_values_as_they_are(source, target):
    found = convert_state(a_state(source), source, target, m=math.inf)
    for new, old in zip(found.values(), a_state(source).values(), strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("source", WRITTEN)
@pytest.mark.parametrize("target", WRITTEN)
def test_without_m_bessels_factor_can_not_be_converted_and_that_is_said(source, target):
    differ = WRITTEN[source][2] != WRITTEN[target][2]
    if not differ:
        assert list(convert_state(a_state(source), source, target)) == WRITTEN[target][3]
        return
    with pytest.raises(ValueError, match=f"of {source} and {target}, one keeps .* m=math.inf"):
        convert_state(a_state(source), source, target)
    vectors = dict(list(a_state(source).items())[:3])
    assert list(convert_state(vectors, source, target)) == WRITTEN[target][3][:3]


@pytest.mark.parametrize("m", [1, 0, -3, math.nan])
def test_one_value_a_channel_has_no_unbiased_variance_to_convert(m):
    with pytest.raises(ValueError, match=f"m must be above 1, got {m}"):
        convert_state(a_state("keras"), "keras", "torch", m=m)


def test_a_name_of_another_dialect_is_refused():
    with pytest.raises(KeyError, match=r"\['gamma', 'beta', .* are not names of torch, which has"):
        convert_state(a_state("keras"), "torch", "flax", m=3)
    with pytest.raises(ValueError, match="no dialect 'pytorch'"):
        convert_state({}, "pytorch", "torch")


def test_b05_the_counter_is_kept_or_dropped_and_never_made_up(device):
    bn = BatchNorm1d(3, device=device)
    bn(batch(0, (4, 3), device, "float32"))
    same = convert_state(bn.state_dict(), "torch", "torch")
    assert same["num_batches_tracked"].item() == 1
    there = convert_state(bn.state_dict(), "torch", "flax", m=4)
    assert list(there) == ["scale", "bias", "mean", "var"]
    back = convert_state(there, "flax", "torch", m=4)
    assert "num_batches_tracked" not in back
    twin = BatchNorm1d(3, device=device)
    twin.load_state_dict(back, strict=False)
    assert twin.num_batches_tracked.item() == 0
    assert_close(values(twin.running_var), values(bn.running_var), "running_var")
