"""Batch norm of a batch that is shared out: for any partition, that of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.testing.tolerance import assert_close
from minigrad_bn import (
    BatchNorm1d,
    BatchNorm2d,
    Replay,
    SyncBatchNorm,
    convert_sync_batchnorm,
    freeze_stats,
    merge_stats,
    stats_of,
)
from minigrad_bn.mergeable import Stats

from .bounds import assert_near, bounds_of, bounds_of_statistics
from .cases import Case, cases
from .derivatives import leaf, values
from .layers import assert_same_state, layer_for, state_of

cuts = st.lists(st.integers(0, 6), min_size=0, max_size=4)


def split(x: np.ndarray, at: Sequence[int]) -> list[np.ndarray]:
    """`x` in parts along its first axis: unequal ones, single ones and empty ones."""
    return np.split(x, sorted(min(n, len(x)) for n in at))


def synchronised(bn: Any, communicator: Replay) -> Any:
    return convert_sync_batchnorm(bn, communicator)


def column(stats: Stats) -> list[np.ndarray]:
    return [values(mg.reshape(s, (-1,))) for s in (stats.count, stats.mean, stats.var)]


@given(case=cases(min_values=1), at=cuts, masked=st.booleans())
def test_b20_statistics_of_any_partition_merge_to_those_of_the_whole(device, case, at, masked):
    rng = np.random.default_rng(len(at))
    mask = (rng.random(case.x.shape) * (rng.random(case.x.shape) < 0.6)).astype(case.x.dtype)
    parts = list(zip(split(case.x, at), split(mask, at), strict=True))

    def of(x: np.ndarray, w: np.ndarray) -> Stats:
        given = mg.asarray(w, device=device) if masked else None
        return stats_of(mg.asarray(x, device=device), case.axes, given)

    whole = of(case.x, mask)
    mean_bound, var_bound = bounds_of_statistics(case)
    # How far one mean may be from another is how far rounding of x goes, once for each part.
    for order in (parts, parts[::-1]):
        found = merge_stats(*[of(*part) for part in order])
        count, mean, var = column(found)
        expected = column(whole)
        assert_close(count, expected[0], "count", dtype=case.x.dtype, terms=case.x.size)
        scale = 4 if masked else 1
        assert_near(mean, expected[1], scale * mean_bound, "mean")
        assert_near(var, expected[2], scale * var_bound, "var")
        assert_close(
            values(found.effective_count),
            values(whole.effective_count),
            "effective count",
            dtype=case.x.dtype,
            terms=case.x.size,
        )


@given(case=cases(("float64",), min_values=0, min_side=0), offset=st.sampled_from([0.0, 1e9]))
def test_b20_merging_is_exact_to_rounding_at_any_offset_and_associative(device, case, offset):
    """Variances of integers below 100 are sums of integers: the offset must not cost a digit."""
    x = np.round(case.x % 50) + offset
    parts = [stats_of(mg.asarray(p, device=device), case.axes) for p in np.array_split(x, 3)]
    left = merge_stats(merge_stats(*parts[:2]), parts[2])
    right = merge_stats(parts[0], merge_stats(*parts[1:]))
    truth = np.var(x - offset, axis=case.axes) if case.m else np.zeros(x.shape[1])
    for found in (left, right):
        assert_close(column(found)[2], truth, "var", terms=max(1, case.m), magnitude=2500)
        mean = values(found.mean).reshape(-1) - offset + values(found.mean_low).reshape(-1)
        exact = (x - offset).mean(case.axes) if case.m else np.zeros(x.shape[1])
        assert_close(mean, exact if case.m else mean, "mean", terms=max(1, case.m), magnitude=50)


def of_shards(case: Case, at: Sequence[int], device: Any, bn: Any) -> tuple[Any, Any]:
    """Outputs and gradients of each shard, by a layer that is made a synchronised one."""
    ranks = Replay()
    layer = synchronised(bn, ranks)

    def shard(part: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
        x = leaf(part[0], device)
        y = layer(x)
        found = mg.autograd.grad(
            y, [x, layer.weight, layer.bias], mg.asarray(part[1], device=device)
        )
        return [values(a) for a in (y, *found)]

    found = ranks.run(shard, list(zip(split(case.x, at), split(case.g, at), strict=True)))
    y, x = (np.concatenate([f[i] for f in found]) for i in (0, 1))
    weight, bias = (np.sum([f[i] for f in found], axis=0, dtype=np.float64) for i in (2, 3))
    return (y, x, weight, bias), layer


@given(case=cases(min_values=2), at=cuts)
def test_b20_any_partition_is_batch_norm_of_the_concatenation(device, case, at):
    """Outputs, gradients, running statistics and counter, in the bounds of rounding."""
    found, layer = of_shards(case, at, device, layer_for(case, device))
    whole = layer_for(case, device)
    x = leaf(case.x, device)
    y = whole(x)
    expected = [
        y,
        *mg.autograd.grad(y, [x, whole.weight, whole.bias], mg.asarray(case.g, device=device)),
    ]
    b = bounds_of(case)
    names = ("y", "x", "weight", "bias")
    for a, e, bound, name in zip(found, expected, [b.y, *b.first], names, strict=True):
        assert_near(a, values(e), 2 * bound, name)
    state, truth = state_of(layer), state_of(whole)
    assert state["num_batches_tracked"] == truth["num_batches_tracked"] == 1
    for name, bound in zip(
        ("running_mean", "running_var"), bounds_of_statistics(case), strict=True
    ):
        assert_near(state[name], truth[name], bound, name)


@given(case=cases(("float64",), mild=True), at=cuts, seed=st.integers(0, 1000))
def test_b20_second_derivatives_are_those_of_the_concatenation(device, case, at, seed):
    ranks = Replay()
    layer, whole = (layer_for(case, device) for _ in range(2))
    layer = synchronised(layer, ranks)
    u = case.normal(seed, case.x)

    def second(bn: Any) -> Any:
        def of(part: Any) -> list[np.ndarray]:
            x, g, u = (
                leaf(part[0], device),
                leaf(part[1], device),
                mg.asarray(part[2], device=device),
            )
            first = mg.autograd.grad(bn(x), [x, bn.weight], g, create_graph=True)
            v = mg.ones_like(first[1]) * 0.7
            return [values(a) for a in mg.autograd.grad(first, [x, g, bn.weight], [u, v])]

        return of

    parts = list(zip(*[split(a, at) for a in (case.x, case.g, u)], strict=True))
    found = ranks.run(second(layer), parts)
    expected = second(whole)((case.x, case.g, u))
    b = bounds_of(case, directions=[u, np.full(case.x.shape[1], 0.7), case.bias])
    for i, bound in enumerate((b.second_x, b.second_g)):
        assert_near(np.concatenate([f[i] for f in found]), expected[i], 2 * bound, f"{i}")
    assert_near(np.sum([f[2] for f in found], axis=0), expected[2], 2 * b.second_weight, "weight")


def test_b20_a_channel_has_one_value_if_all_ranks_together_have_one(device):
    ranks = Replay()
    bn = SyncBatchNorm(3, communicator=ranks, device=device)
    before = state_of(bn)
    ranks.run(bn, [mg.ones((1, 3), device=device), mg.zeros((1, 3), device=device)])
    assert state_of(bn)["num_batches_tracked"] == 1
    before = state_of(bn)
    with pytest.raises(ValueError, match="over all 2 ranks"):
        ranks.run(bn, [mg.ones((1, 3), device=device), mg.zeros((0, 3), device=device)])
    assert_same_state(bn, before)


def test_b20_a_constant_channel_over_unequal_shards_gives_exactly_beta(device):
    ranks = Replay()
    bn = SyncBatchNorm(1, communicator=ranks, device=device)
    parts = [mg.full((n, 1), 1e7 + 0.3, device=device, dtype="float64") for n in (3, 0, 7, 1)]
    assert all((values(y) == 0).all() for y in ranks.run(bn, parts))


def test_b20_masks_are_synchronised_too(device):
    rng = np.random.default_rng(0)
    x, mask = rng.normal(3, 2, (7, 3, 4)), rng.random((7, 1, 4)) < 0.5
    ranks = Replay()
    whole = BatchNorm1d(3, device=device, dtype=mg.float64)
    bn = synchronised(BatchNorm1d(3, device=device, dtype=mg.float64), ranks)
    expected = whole(mg.asarray(x, device=device), mg.asarray(mask, device=device))
    parts = [(x[a:b], mask[a:b]) for a, b in ((0, 2), (2, 2), (2, 3), (3, 7))]
    ys = ranks.run(lambda p: bn(*[mg.asarray(a, device=device) for a in p]), parts)
    assert_close(np.concatenate([values(y) for y in ys]), values(expected), "y", terms=28)
    for name, value in state_of(whole).items():
        assert_close(state_of(bn)[name], value, name, terms=28, magnitude=10)


def test_b20_evaluation_and_frozen_layers_ask_no_one():
    class Refuses(Replay):
        def all_reduce_sum(self, array: Any) -> Any:
            raise AssertionError("asked")

    bn = SyncBatchNorm(2, communicator=Refuses())
    x = mg.random.normal((4, 2))
    freeze_stats(bn)(x)
    bn.unfreeze().eval()(x)
    untracked = SyncBatchNorm(2, track_running_stats=False, communicator=Refuses()).eval()
    untracked(x)
    with pytest.raises(ValueError, match="track_running_stats=False"):
        untracked(x[:1, ...])
    with pytest.raises(AssertionError):
        bn.train()(x)


def test_b20_conversion_shares_parameters_buffers_settings_and_modes():
    shared = BatchNorm1d(3, 0.1, None, bessel=False).eval()
    inner = nn.Sequential(shared, BatchNorm2d(2, affine=False))
    net = nn.Sequential(nn.Linear(3, 3), shared, inner)
    before = net.state_dict(keep_vars=True)
    ranks = Replay()
    assert convert_sync_batchnorm(net, ranks) is net
    after = net.state_dict(keep_vars=True)
    assert list(after) == list(before) and all(after[k] is before[k] for k in before)
    assert (
        type(net[1]) is SyncBatchNorm and net[1] is net[2][0] and type(net[2][1]) is SyncBatchNorm
    )
    assert net[1].settings is shared.settings and not net[1].training and net[2][1].training
    assert net[1].communicator is ranks
    assert type(convert_sync_batchnorm(BatchNorm1d(3))) is SyncBatchNorm


def test_b20_parts_that_ask_for_different_sums_are_told():
    ranks = Replay()
    bn = SyncBatchNorm(2, communicator=ranks)
    with pytest.raises(RuntimeError, match="different sums"):
        ranks.run(lambda n: [bn(mg.random.normal((4, 2))) for _ in range(n)], [1, 2])
    with pytest.raises(RuntimeError, match=r"run\(\) inside run"):
        ranks.run(lambda n: ranks.run(bn, []), [1, 2])
    assert ranks.size == 1
