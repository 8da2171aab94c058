"""The memory of a layer: which average it keeps, and which batches leave it alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close
from minigrad_bn import BatchNorm1d, BatchNorm2d

from .cases import shapes
from .derivatives import values
from .layers import LAYERS, assert_same_state, batch, state_of


def test_b01_the_example_of_momentum_1_prints_the_unbiased_variance(device):
    """The experiment after which PyTorch's variance gets reported as wrong: it is over m-1."""
    x = mg.tensor(
        [[2.0, 15.0, 2.0, 1.0], [2.0, 17.0, 2.0, 1.0], [-4.0, -2.0, -2.0, -1.0]],
        dtype=mg.float64,
        device=device,
    )
    bn = BatchNorm1d(4, momentum=1, dtype=mg.float64, device=device)
    y = bn(x)
    running = [12.0, 109.0, 16 / 3, 4 / 3]
    assert_close(values(bn.running_var), running, "running_var", terms=3, magnitude=1e3)
    assert_close(values(bn.running_mean), [0, 10, 2 / 3, 1 / 3], "running_mean", magnitude=17)
    biased = np.array([8, 218 / 3, 32 / 9, 8 / 9])
    expected = (values(x) - values(x).mean(axis=0)) / np.sqrt(biased + 1e-5)
    assert_close(values(y), expected, "y is normalised by the biased one", terms=3, magnitude=20)


@given(shape=shapes((2, 3, 4, 5)), k=st.integers(1, 5), seed=seeds, order=st.randoms())
def test_b03_without_momentum_the_statistics_are_plain_averages_in_any_order(shape, k, seed, order):
    bn = LAYERS[len(shape)](shape[1], momentum=None, dtype=mg.float64)
    numbers = list(range(k))
    order.shuffle(numbers)
    for i in numbers:
        bn(batch(seed + i, shape))
    axes = (0, *range(2, len(shape)))
    means = [values(batch(seed + i, shape)).mean(axis=axes) for i in range(k)]
    variances = [values(batch(seed + i, shape)).var(axis=axes, ddof=1) for i in range(k)]
    terms = k * int(np.prod(shape))
    assert_close(values(bn.running_mean), np.mean(means, axis=0), "mean", terms=terms, magnitude=20)
    assert_close(
        values(bn.running_var), np.mean(variances, axis=0), "var", terms=terms, magnitude=400
    )
    assert bn.num_batches_tracked.item() == k


@given(k=st.integers(1, 6), decay=st.floats(0, 1), seed=seeds)
def test_running_statistics_are_the_exponential_average_in_closed_form(k, decay, seed):
    bn = BatchNorm1d(3, decay=decay, dtype=mg.float64)
    momentum = bn.momentum
    start = np.array([1.0, -2.0, 0.5])
    bn.running_mean.data = start.copy()
    for i in range(k):
        bn(batch(seed + i, (4, 3)))
    weights = [momentum * (1 - momentum) ** (k - 1 - i) for i in range(k)]
    means = [values(batch(seed + i, (4, 3))).mean(axis=0) for i in range(k)]
    expected = (1 - momentum) ** k * start + sum(w * a for w, a in zip(weights, means, strict=True))
    assert_close(values(bn.running_mean), expected, "running_mean", terms=4 * k, magnitude=20)


def test_b36_buffers_move_and_count_after_one_step_and_are_no_parameters(device):
    bn = BatchNorm1d(2, device=device)
    x = batch(0, (5, 2), device, "float32")
    bn(x)
    assert bn.num_batches_tracked.item() == 1
    assert bn.num_batches_tracked.dtype == mg.int64
    assert bn.num_batches_tracked.shape == ()
    assert np.all(values(bn.running_mean) != 0)
    assert np.all(values(bn.running_var) != 1)
    assert [name for name, _ in bn.named_parameters()] == ["weight", "bias"]
    names = ["running_mean", "running_var", "num_batches_tracked"]
    assert [name for name, _ in bn.named_buffers()] == names
    assert not any(b.requires_grad for b in bn.buffers())


@pytest.mark.parametrize("momentum", [None, 0.1])
@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1)])
def test_b02_one_value_a_channel_raises_and_leaves_the_state_bit_identical(device, momentum, shape):
    bn = BatchNorm1d(3, momentum=momentum, device=device)
    bn(batch(0, (4, 3), device, "float32"))
    before = state_of(bn)
    with pytest.raises(ValueError, match=r"more than 1 value per channel when training.*drop_last"):
        bn(mg.ones(shape, device=device))
    assert_same_state(bn, before)
    bn.eval()
    assert bn(mg.ones(shape, device=device)).shape == shape


def test_b02_one_sample_of_several_values_a_channel_is_fine(device):
    bn = BatchNorm1d(3, device=device)
    y = bn(batch(0, (1, 3, 2), device, "float32"))
    assert np.all(np.isfinite(values(y)))
    assert bn.num_batches_tracked.item() == 1


def test_b04_one_value_a_channel_without_statistics_says_why_it_is_refused_in_evaluation(device):
    bn = BatchNorm1d(3, track_running_stats=False, device=device).eval()
    with pytest.raises(ValueError, match="per channel because track_running_stats=False, got"):
        bn(mg.ones((1, 3), device=device))


@pytest.mark.parametrize("momentum", [None, 0.1])
@pytest.mark.parametrize("shape", [(0, 3), (2, 3, 0)])
def test_b14_an_empty_batch_is_counted_and_moves_nothing_else(device, momentum, shape):
    bn = BatchNorm1d(3, momentum=momentum, device=device)
    bn(batch(0, (4, 3), device, "float32"))
    before = state_of(bn)
    y = bn(mg.zeros(shape, device=device))
    assert y.shape == shape
    gradients = mg.autograd.grad(y, [bn.weight, bn.bias], mg.ones(shape, device=device))
    assert [g.tolist() for g in gradients] == [[0.0] * 3] * 2
    before["num_batches_tracked"] = before["num_batches_tracked"] + 1
    assert_same_state(bn, before)


def test_b14_no_channels_at_all_are_fine(device):
    bn = BatchNorm2d(0, device=device)
    assert bn(mg.zeros((2, 0, 3, 3), device=device)).shape == (2, 0, 3, 3)
