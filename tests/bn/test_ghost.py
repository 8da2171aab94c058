"""Ghost batch norm: every few samples for themselves, and statistics of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.tolerance import assert_close
from minigrad_bn import BatchNorm1d, GhostBatchNorm1d, GhostBatchNorm2d, batch_norm

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


def test_b21_a_ghost_batch_of_one_value_raises_and_nothing_moves():
    bn = GhostBatchNorm1d(3, 2)
    before = state_of(bn)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        bn(batch(0, (5, 3), dtype="float32"))
    assert_same_state(bn, before)
    with pytest.raises(ValueError, match="ghost_size must be at least 1"):
        GhostBatchNorm2d(3, 0)
    assert "ghost_size=2" in repr(bn)
