"""Row B32: running statistics that are not those of the data are found, and made so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.data import DataLoader, TensorDataset
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close
from minigrad_bn import BatchNorm1d, freeze_stats, recalibrate, train_eval_gap

from .layers import assert_same_state, batch, state_of


def net_of(device: Any = "cpu") -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(3, 4), BatchNorm1d(4), nn.Dropout(0.5), nn.ReLU(), nn.Linear(4, 2), BatchNorm1d(2)
    ).to(device, dtype="float64")


@given(seeds, st.integers(1, 4))
def test_b32_recalibrated_statistics_are_the_mean_over_the_batches(
    device: Any, seed: int, k: int
) -> None:
    bn = BatchNorm1d(3, device=device, dtype="float64")
    batches = [batch(seed + i, (4, 3), device) for i in range(k)]
    bn(batch(seed + k, (4, 3), device))
    recalibrate(bn, [(x, None) for x in batches])
    hosts = [x.numpy() for x in batches]
    mean = np.mean([x.mean(axis=0) for x in hosts], axis=0)
    var = np.mean([x.var(axis=0, ddof=1) for x in hosts], axis=0)
    assert_close(bn.running_mean.numpy(), mean, "mean", terms=4 * k, magnitude=20)
    assert_close(bn.running_var.numpy(), var, "var", terms=4 * k, magnitude=400)
    assert bn.num_batches_tracked.item() == k
    assert bn.momentum == 0.1


@given(seeds)
def test_b32_after_recalibration_on_one_batch_evaluation_is_training_up_to_bessel(
    device: Any, seed: int
) -> None:
    net = net_of(device)
    for layer in (net[1], net[5]):
        layer.settings = layer.settings.__class__(bessel=False)
    x = batch(seed, (8, 3), device)
    recalibrate(net, [x])
    net.eval()
    evaluated = net(x).detach().numpy()
    for layer in (net[1], net[5]):
        layer.train()
    np.testing.assert_allclose(net(x).detach().numpy(), evaluated, rtol=1e-9, atol=1e-9)


def test_b32_recalibration_keeps_modes_momentum_parameters_and_frozen_layers() -> None:
    net = net_of()
    net.eval()
    net[4].train()
    freeze_stats(net[1])
    before, parameters = state_of(net[1]), [p.detach().numpy() for p in net.parameters()]
    modes = [m.training for m in net.modules()]
    xs = batch(0, (10, 3))
    recalibrate(net, DataLoader(TensorDataset(xs, xs), batch_size=5))
    assert [m.training for m in net.modules()] == modes
    assert_same_state(net[1], before)
    assert net[5].num_batches_tracked.item() == 2
    for p, old in zip(net.parameters(), parameters, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), old)
        assert p.grad is None


def test_b32_recalibration_that_fails_leaves_everything_as_it_was() -> None:
    net = net_of()
    net(batch(0, (4, 3)))
    before = state_of(net)
    with pytest.raises(ValueError, match="no batches"):
        recalibrate(net, [])
    with pytest.raises(ValueError, match="linear: input"):
        recalibrate(net, [batch(1, (4, 3)), batch(1, (4, 7))])
    assert_same_state(net, before)
    assert net.training
    assert net[1].momentum == 0.1
    with pytest.raises(ValueError, match="Linear has no batch norm whose running statistics move"):
        recalibrate(nn.Linear(2, 2), [batch(0, (4, 2))])
    with pytest.raises(ValueError, match="no batch norm whose running statistics move"):
        recalibrate(freeze_stats(BatchNorm1d(2)), [batch(0, (4, 2))])


def test_b32_the_gap_ranks_layers_by_how_far_their_statistics_are_off(device: Any) -> None:
    net = net_of(device)
    x = batch(0, (16, 3), device)
    recalibrate(net, [x])
    small = train_eval_gap(net, x)
    assert all(gap.mean < 1e-9 and gap.var < math.log(16 / 15) + 1e-9 for gap in small)
    far = net[5]
    shifted = far.running_mean.numpy() + [0.0, 3.0] * np.sqrt(far.running_var.numpy() + far.eps)
    far.running_mean.data = mg.asarray(shifted, device=device).data
    before = state_of(net)
    worst, other = train_eval_gap(net, x)
    assert (worst.layer, worst.channel) == ("5", 1)
    assert worst.mean == pytest.approx(3.0)
    assert other.layer == "1"
    assert_same_state(net, before)
    assert net.training
    assert net[5]._hooks is None or not net[5]._hooks.before


def test_b32_a_wrong_momentum_shows_as_a_gap() -> None:
    """A decay taken for a momentum: 0.99 of the last batch, which was unlike the others."""
    last = BatchNorm1d(2)
    with pytest.warns(UserWarning, match="decay"):
        last.momentum = 0.99
    for i in range(20):
        last(batch(i, (32, 2), dtype="float32"))
    last(batch(99, (32, 2), dtype="float32") + 20)
    (gap,) = train_eval_gap(last, batch(100, (32, 2), dtype="float32"))
    assert gap.mean > 3


def test_b32_a_layer_that_gets_its_input_by_keyword_has_the_same_gap() -> None:
    class ByKeyword(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = BatchNorm1d(2)

        def forward(self, x: Any) -> Any:
            return self.norm(input=x)

    net, x = ByKeyword(), batch(0, (8, 2), dtype="float32") + 3
    (gap,) = train_eval_gap(net, x)
    assert gap._replace(layer="") == train_eval_gap(net.norm, x)[0]
    assert gap.layer == "norm"


def test_b32_a_gap_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no batch norm with running statistics"):
        train_eval_gap(BatchNorm1d(2, track_running_stats=False), batch(0, (4, 2)))
