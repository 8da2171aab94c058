"""Ghost batch norm: every few samples for themselves, and statistics of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.tolerance import assert_close
from minigrad_bn import BatchNorm1d, BatchNorm2d, GhostBatchNorm1d, GhostBatchNorm2d, batch_norm

from .derivatives import leaf, values
from .layers import assert_same_state, batch, state_of


@given(n=st.integers(2, 9), size=st.integers(2, 5), seed=st.integers(0, 99))
def test_b21_each_ghost_batch_is_a_batch_and_the_running_statistics_are_of_the_whole(
    device, n, size, seed
):
    bn, whole = (
        kind(3, *extra, device=device, dtype=mg.float64)
        for kind, extra in ((GhostBatchNorm1d, (size,)), (BatchNorm1d, ()))
    )
    x = values(batch(seed, (n, 3, 2)))
    g = np.random.default_rng(seed).standard_normal(x.shape)
    of_x, by_hand = leaf(x, device), leaf(x, device)
    y = bn(of_x)
    pieces = [by_hand[i : i + size, ...] for i in range(0, n, size)]
    expected = mg.concat([batch_norm(p, None, None, training=True) for p in pieces])
    np.testing.assert_array_equal(values(y), values(expected))
    cotangent = mg.asarray(g, device=device)
    (found,), (truth,) = (
        mg.autograd.grad(out, [at], cotangent) for out, at in ((y, of_x), (expected, by_hand))
    )
    assert_close(values(found), values(truth), "x", terms=x.size, magnitude=1e3)
    whole(mg.asarray(x, device=device))
    for name, value in state_of(whole).items():
        assert_close(state_of(bn)[name], value, name, terms=x.size, magnitude=200)
    np.testing.assert_array_equal(
        values(bn.eval()(mg.asarray(x[:1], device=device))).shape, (1, 3, 2)
    )


@given(
    n=st.integers(4, 9),
    size=st.integers(2, 5),
    seed=st.integers(0, 99),
    of_each_sample=st.booleans(),
)
def test_b21_ghost_batches_of_images_take_their_part_of_the_mask(
    device, n, size, seed, of_each_sample
):
    bn, whole, single = (
        kind(3, *extra, device=device, dtype=mg.float64, **options)
        for kind, extra, options in (
            (GhostBatchNorm2d, (size,), {}),
            (BatchNorm2d, (), {}),
            (BatchNorm2d, (), {"track_running_stats": False}),
        )
    )
    rng = np.random.default_rng(seed)
    for name in ("weight", "bias"):
        value = mg.asarray(rng.uniform(0.5, 2.0, 3), device=device)
        for layer in (bn, single):
            getattr(layer, name).data = value.data
    x, g = rng.standard_normal((n, 3, 4, 2)), rng.standard_normal((n, 3, 4, 2))
    there = rng.random((n if of_each_sample else 1, 1, 4, 2)) < 0.7
    there[:, :, :2, 0] = True  # two values a channel in any ghost batch, or there is no variance
    mask = mg.asarray(there, device=device)
    of_x, by_hand = leaf(x, device), leaf(x, device)
    y = bn(of_x, mask)
    expected = mg.concat([
        single(by_hand[i : i + size, ...], mask[i : i + size, ...] if of_each_sample else mask)
        for i in range(0, n, size)
    ])  # fmt: skip
    np.testing.assert_array_equal(values(y), values(expected))
    assert not np.any(values(y)[np.broadcast_to(~there, x.shape)])
    cotangent = mg.asarray(g, device=device)
    (found,), (truth,) = (
        mg.autograd.grad(out, [at], cotangent) for out, at in ((y, of_x), (expected, by_hand))
    )
    assert_close(values(found), values(truth), "x", terms=x.size, magnitude=1e3)
    whole(mg.asarray(x, device=device), mask)
    for name in ("running_mean", "running_var"):
        assert_close(state_of(bn)[name], state_of(whole)[name], name, terms=x.size)


def test_b21_channels_along_the_axis_of_the_samples_are_refused():
    for axis in (0, -3):
        bn = GhostBatchNorm1d(3, 2, channel_axis=axis)
        with pytest.raises(ValueError, match=rf"^GhostBatchNorm1d: channel_axis={axis} of input"):
            bn(batch(0, (3, 4, 2), dtype="float32"))
        with pytest.raises(ValueError, match="is the axis of the samples"):
            bn.eval()(batch(0, (3, 4, 2), dtype="float32"))


def test_b21_a_ghost_batch_of_one_value_raises_and_nothing_moves():
    bn = GhostBatchNorm1d(3, 2)
    before = state_of(bn)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        bn(batch(0, (5, 3), dtype="float32"))
    assert_same_state(bn, before)
    with pytest.raises(ValueError, match="ghost_size must be at least 1"):
        GhostBatchNorm2d(3, 0)
    assert "ghost_size=2" in repr(bn)
