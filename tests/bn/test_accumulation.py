"""Gradients accumulated over micro-batches: those of one large batch, in exact mode only."""

from __future__ import annotations

import copy

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.testing.tolerance import assert_close
from minigrad_bn import BatchNorm1d, Replay, convert_sync_batchnorm

from .derivatives import values
from .layers import state_of


def net_of(layers: int, device: mg.Device) -> nn.Sequential:
    mg.random.manual_seed(layers)
    parts: list[nn.Module] = []
    for _ in range(layers):
        parts += [
            nn.Linear(3, 3, dtype=mg.float64),
            BatchNorm1d(3, 0.1, dtype=mg.float64),
            nn.Tanh(),
        ]
    net = nn.Sequential(*parts)
    net.to(device)
    return net


def loss_of(net, x, target):
    return mg.sum((net(x) - target) ** 2) / 9


@given(
    layers=st.integers(1, 3), at=st.lists(st.integers(0, 9), max_size=3), seed=st.integers(0, 99)
)
def test_b21_exact_accumulation_is_one_big_batch(device, layers, at, seed):
    rng = np.random.default_rng(seed)
    x, target = rng.normal(2, 1, (2, 9, 3))
    whole = net_of(layers, device)
    micro = Replay()
    net = convert_sync_batchnorm(copy.deepcopy(whole), micro)
    on = lambda a: mg.asarray(a, device=device)
    loss_of(whole, on(x), on(target)).backward()
    parts = list(zip(np.split(x, sorted(at)), np.split(target, sorted(at)), strict=True))
    micro.run(lambda part: loss_of(net, on(part[0]), on(part[1])).backward(), parts)
    # A layer magnifies by 1 / sqrt(eps) at most, an error of the layer before as well.
    size = 10.0**layers * 100
    for (name, p), q in zip(net.named_parameters(), whole.parameters(), strict=True):
        assert_close(values(p.grad), values(q.grad), name, terms=27, magnitude=size)
    expected = state_of(whole)
    for name, value in state_of(net).items():
        assert_close(value, expected[name], name, terms=27, magnitude=size)


def test_b21_plain_accumulation_is_something_else():
    rng = np.random.default_rng(0)
    x, target = (mg.asarray(a) for a in rng.normal(2, 1, (2, 8, 3)))
    whole = net_of(1, "cpu")
    net = copy.deepcopy(whole)
    loss_of(whole, x, target).backward()
    for i in range(0, 8, 2):
        loss_of(net, x[i : i + 2, ...], target[i : i + 2, ...]).backward()
    assert net[1].num_batches_tracked.item() == 4
    apart = np.abs(values(net[0].weight.grad) - values(whole[0].weight.grad))
    assert np.max(apart) > 0.01


def test_b21_each_part_draws_the_same_random_numbers_whenever_it_is_run():
    micro = Replay()
    net = convert_sync_batchnorm(nn.Sequential(nn.Dropout(0.5), BatchNorm1d(4)), micro)
    drawn: dict[int, list[np.ndarray]] = {0: [], 1: []}
    mg.random.manual_seed(0)

    def step(i):
        drawn[i].append(values(mg.random.uniform((8,))))
        return net(mg.ones((4, 4)))

    micro.run(step, [0, 1])
    assert all((a == of[0]).all() for of in drawn.values() for a in of)
    assert len(drawn[0]) == 2 and (drawn[0][0] != drawn[1][0]).any()
