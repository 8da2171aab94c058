"""Initialisation: PyTorch's distributions, drawn from mg.random alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import minigrad as mg
from minigrad import nn
from minigrad.nn import init
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.oracles import torch
from minigrad.testing.suite.checks import needs_torch

# An honest draw fails a Kolmogorov-Smirnov test at this level once in a million runs.
LEVEL = 1e-6

parameters: dict[str, Callable[[Any], Any]] = {
    "Linear": lambda n: n.Linear(50, 40).weight,
    "Linear's bias": lambda n: n.Linear(9, 2000).bias,
    "Conv1d": lambda n: n.Conv1d(8, 40, 7).weight,
    "Conv2d": lambda n: n.Conv2d(8, 10, 5, groups=2).weight,
    "ConvTranspose2d": lambda n: n.ConvTranspose2d(8, 10, 5, groups=2).weight,
    "Conv2d's bias": lambda n: n.Conv2d(2, 2000, 3).bias,
    "Embedding": lambda n: n.Embedding(50, 40).weight,
}


@needs_torch
@pytest.mark.parametrize("name", parameters)
def test_default_initialisation_has_pytorchs_distribution(name: str, device: Any) -> None:
    mg.random.manual_seed(0)
    torch.manual_seed(0)
    with device:
        ours = parameters[name](nn)
    theirs = parameters[name](torch.nn).detach().numpy()
    assert ours.device is device and ours.dtype == "float32" and ours.requires_grad
    assert ours.shape == theirs.shape
    assert stats.ks_2samp(to_numpy(ours).ravel(), theirs.ravel()).pvalue > LEVEL


def test_normalisations_begin_as_the_identity() -> None:
    for layer in (nn.LayerNorm((2, 3)), nn.GroupNorm(2, 4)):
        assert (to_numpy(layer.weight) == 1).all() and (to_numpy(layer.bias) == 0).all()


shapes = st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)


@needs_torch
@given(shape=shapes, gain=st.floats(0.1, 3), a=st.floats(0, 2), mode=st.sampled_from(["in", "out"]))
def test_spread_equals_pytorchs(shape: Any, gain: float, a: float, mode: str) -> None:
    fans = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
    assert init.fans(mg.ones(shape)) == fans
    fan = fans[mode == "out"]
    assert init.xavier_std(mg.ones(shape), gain) == pytest.approx(gain * math.sqrt(2 / sum(fans)))
    found = init.kaiming_std(mg.ones(shape), a, f"fan_{mode}", "leaky_relu")
    assert found == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", a) / math.sqrt(fan))


distributions: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "uniform_": (lambda t: init.uniform_(t, -2, 5), stats.uniform(-2, 7)),
    "normal_": (lambda t: init.normal_(t, 3, 0.5), stats.norm(3, 0.5)),
    "xavier_uniform_": (
        lambda t: init.xavier_uniform_(t, 2),
        stats.uniform(-2 * math.sqrt(6 / 90), 4 * math.sqrt(6 / 90)),
    ),
    "xavier_normal_": (init.xavier_normal_, stats.norm(0, math.sqrt(2 / 90))),
    "kaiming_uniform_": (
        lambda t: init.kaiming_uniform_(t, nonlinearity="relu"),
        stats.uniform(-math.sqrt(6 / 50), 2 * math.sqrt(6 / 50)),
    ),
    "kaiming_normal_": (
        lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="tanh"),
        stats.norm(0, 5 / 3 / math.sqrt(40)),
    ),
}


@pytest.mark.parametrize("name", distributions)
def test_distribution_is_the_documented_one(name: str) -> None:
    mg.random.manual_seed(1)
    fill, expected = distributions[name]
    p = nn.Parameter(mg.zeros((40, 50), dtype="float64"))
    assert fill(p) is p and p.is_leaf and p.requires_grad and p.dtype == "float64"
    assert stats.kstest(to_numpy(p).ravel(), expected.cdf).pvalue > LEVEL


def test_draws_follow_the_seed_and_are_equal_on_every_device(device: Any) -> None:
    def build(seed: int, device: Any) -> Any:
        mg.random.manual_seed(seed)
        return to_numpy(nn.Linear(3, 2, device=device).weight)

    np.testing.assert_array_equal(build(5, device), build(5, "cpu"))
    assert (build(5, device) != build(6, device)).any()
    generator = mg.random.Generator(5)
    before = mg.random.Generator(5)
    a = init.uniform_(mg.zeros(3), generator=generator)
    b = init.uniform_(mg.zeros(3), generator=before)
    np.testing.assert_array_equal(to_numpy(a), to_numpy(b))


def test_constants() -> None:
    p = nn.Parameter(mg.zeros((2, 2)))
    assert (to_numpy(init.constant_(p, 1.5)) == 1.5).all()
    assert (to_numpy(init.ones_(p)) == 1).all() and not to_numpy(init.zeros_(p)).any()
    assert p.grad is None and p.requires_grad


@needs_torch
@pytest.mark.parametrize(
    "name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
)
def test_gains_are_pytorchs(name: str) -> None:
    assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))


def test_errors_come_before_any_change() -> None:
    p = nn.Parameter(mg.ones(3))
    with pytest.raises(ValueError, match=r"need a weight of 2 axes, not \(3,\)"):
        init.kaiming_uniform_(p)
    with pytest.raises(ValueError, match="mode is 'fan', expected 'fan_in' or 'fan_out'"):
        init.kaiming_normal_(mg.ones((2, 2)), mode="fan")
    with pytest.raises(ValueError, match="no gain for 'swish'; there is one for"):
        init.kaiming_uniform_(mg.ones((2, 2)), nonlinearity="swish")
    assert (to_numpy(p) == 1).all()


def test_layers_without_inputs_or_outputs_can_be_made() -> None:
    assert nn.Linear(0, 3)(mg.ones((2, 0))).shape == (2, 3)
    assert nn.Linear(3, 0)(mg.ones((2, 3))).shape == (2, 0)
