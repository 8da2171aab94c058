"""Saving, loading, copying, resetting, converting the state of a layer."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.testing.oracles import to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad_bn import BatchNorm1d, BatchNorm2d, batch_norm

from .cases import shapes
from .derivatives import values
from .layers import LAYERS, assert_same_state, batch, state_of

flags = st.booleans()


@needs_torch
@given(shape=shapes(), seed=seeds, affine=flags, track=flags)
def test_b05_state_dicts_interchange_with_pytorch_both_ways(shape, seed, affine, track):
    kind = LAYERS[len(shape)]
    theirs = getattr(torch.nn, kind.__name__)(shape[1], affine=affine, track_running_stats=track)
    rng = np.random.default_rng(seed)
    for t in theirs.state_dict().values():
        t.copy_(torch.tensor(rng.uniform(1, 9, t.shape)))
    ours = kind(shape[1], affine=affine, track_running_stats=track)
    ours.load_state_dict(theirs.state_dict())
    back = getattr(torch.nn, kind.__name__)(shape[1], affine=affine, track_running_stats=track)
    back.load_state_dict({k: to_torch(v.numpy()) for k, v in ours.state_dict().items()})
    for name, t in theirs.state_dict().items():
        assert torch.equal(t, back.state_dict()[name]), name
        assert t.dtype == back.state_dict()[name].dtype, name


def test_a_copy_has_a_memory_of_its_own(device):
    bn = BatchNorm1d(3, device=device)
    bn(batch(0, (4, 3), device, "float32"))
    twin = copy.deepcopy(bn)
    before = state_of(twin)
    assert_same_state(bn, before)
    bn(batch(1, (4, 3), device, "float32"))
    assert_same_state(twin, before)
    twin(batch(1, (4, 3), device, "float32"))
    assert_same_state(bn, state_of(twin))


def test_a_state_dict_does_not_follow_later_training(device):
    bn = BatchNorm1d(3, device=device)
    saved = bn.state_dict()
    before = {name: np.array(values(t)) for name, t in saved.items()}
    bn(batch(0, (4, 3), device, "float32"))
    for name, t in saved.items():
        np.testing.assert_array_equal(values(t), before[name])


def test_b05_a_missing_counter_keeps_its_value_when_a_state_is_loaded():
    bn = BatchNorm1d(3)
    bn(batch(0, (4, 3), dtype="float32"))
    saved = bn.state_dict()
    del saved["num_batches_tracked"]
    found = bn.load_state_dict(saved, strict=False)
    assert found.missing_keys == ["num_batches_tracked"]
    assert bn.num_batches_tracked.item() == 1


def test_b05_an_empty_state_dict_resets_nothing(device):
    bn = BatchNorm1d(3, device=device)
    bn(batch(0, (4, 3), device, "float32"))
    before = state_of(bn)
    found = bn.load_state_dict({}, strict=False)
    assert found.missing_keys == list(before)
    assert_same_state(bn, before)


@pytest.mark.parametrize("strict", [True, False])
def test_b32_a_negative_running_variance_is_not_loaded_and_nothing_else_is(device, strict):
    """Averaging the weights of models, as SWA does, can extrapolate to one."""
    net = nn.Sequential(nn.Linear(3, 3, device=device), BatchNorm1d(3, device=device))
    before = state_of(net)
    bad = {name: np.full_like(value, 2) for name, value in before.items()}
    bad["1.running_var"] = np.asarray([1.0, -1e-3, -0.0], "float32")
    with pytest.raises(
        RuntimeError, match=r"1.running_var: a variance can't be .* channels \[1\]$"
    ):
        net.load_state_dict(bad, strict)
    assert_same_state(net, before)
    bad["1.running_var"] = np.asarray([1.0, np.nan, -0.0], "float32")
    net.load_state_dict(bad, strict)
    assert net[1].check_state() == {"running_var": [1]}


def test_resetting_gives_the_state_of_a_new_layer(device):
    bn = BatchNorm2d(3, device=device)
    new = state_of(bn)
    bn(batch(0, (4, 3, 2, 2), device, "float32"))
    for parameter in (bn.weight, bn.bias):
        parameter.data = mg.full((3,), 5.0, device=device).data
    bn.reset_running_stats()
    assert bn.weight.tolist() == bn.bias.tolist() == [5.0] * 3
    assert bn.num_batches_tracked.item() == 0
    bn.reset_parameters()
    assert_same_state(bn, new)


def test_a_layer_converts_to_another_dtype_and_keeps_counting():
    bn = BatchNorm1d(3).double()
    y = bn(batch(0, (4, 3)))
    assert y.dtype == bn.running_mean.dtype == mg.float64
    assert bn.num_batches_tracked.dtype == mg.int64


def test_b22_a_forward_without_state_updates_gives_the_same_output_and_counts_nothing(device):
    bn = BatchNorm1d(3, device=device)
    before = state_of(bn)
    x = batch(0, (4, 3), device, "float32")
    with mg.autograd.no_state_update():
        assert not mg.autograd.is_state_update_enabled()
        y = bn(x)
    assert_same_state(bn, before)
    np.testing.assert_array_equal(values(y), values(bn(x)))
    assert bn.num_batches_tracked.item() == 1


def test_b22_batch_norm_without_state_updates_leaves_the_tensors_handed_in_alone(device):
    mean, var = mg.zeros((3,), device=device), mg.ones((3,), device=device)
    with mg.autograd.no_state_update():
        batch_norm(batch(0, (4, 3), device, "float32"), mean, var, training=True)
    assert (mean.tolist(), var.tolist()) == ([0.0] * 3, [1.0] * 3)


def test_b22_a_checkpoint_leaves_the_state_of_a_single_forward(device):
    """Five steps: the buffers and the counter of a plain run, and its gradients, to the bit."""
    found = []
    for run in (lambda f, x: f(x), mg.checkpoint):
        net = nn.Sequential(
            BatchNorm1d(3, dtype=mg.float64, device=device),
            nn.Tanh(),
            BatchNorm1d(3, momentum=None, dtype=mg.float64, device=device),
        )
        gradients = []
        for i in range(5):
            x = batch(i, (4, 3), device).requires_grad_()
            y = run(net, x)
            gradients += mg.autograd.grad(y, [x, net[0].weight], batch(9 + i, (4, 3), device))
        found.append([*state_of(net).values(), *[values(g) for g in gradients]])
        assert net[0].num_batches_tracked.item() == net[2].num_batches_tracked.item() == 5
    for plain, again in zip(*found, strict=True):
        np.testing.assert_array_equal(again, plain)
