"""The pure function under everything: state goes in, state comes out, nothing changes."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad_bn import Running, Settings, batch_norm, normalise, use_batch_stats

from .cases import Case, cases
from .derivatives import leaf, values
from .layers import layer_for, state_of

flags = st.booleans()
several_settings = st.builds(
    Settings,
    momentum=st.sampled_from([None, 0.1, 0.37]),
    bessel=flags,
    nonfinite=st.sampled_from(["propagate", "skip"]),
)


def running_of(case: Case, device: mg.Device, batches: int = 3) -> Running:
    mean, var = (mg.asarray(a, device=device) for a in (case.running_mean, case.running_var))
    return Running(mean, var, mg.asarray(batches, device=device))


def vectors(case: Case, device: mg.Device) -> list[mg.Tensor]:
    return [leaf(a, device) for a in (case.weight, case.bias)]


@given(
    case=cases(min_side=0, min_values=0).filter(lambda case: case.m != 1),
    settings=several_settings,
    mode=st.sampled_from(["train", "eval", "frozen", "by batch"]),
)
def test_b28_a_layer_is_the_core_and_a_memory_always(device, case: Case, settings, mode):
    bn = layer_for(case, device)
    bn.settings = settings
    bn.num_batches_tracked.data = mg.asarray(3, device=device).data
    bn.train(mode != "eval")
    if mode == "frozen":
        bn.freeze_stats()
    running = running_of(case, device)
    y, new = normalise(
        leaf(case.x, device),
        None if mode == "by batch" else running,
        *vectors(case, device),
        training=mode in ("train", "by batch"),
        settings=settings,
    )
    with use_batch_stats(bn) if mode == "by batch" else nullcontext():
        np.testing.assert_array_equal(values(bn(leaf(case.x, device))), values(y))
    state = state_of(bn)
    names = ("running_mean", "running_var", "num_batches_tracked")
    for name, t in zip(names, new or running, strict=True):
        np.testing.assert_array_equal(state[name], values(t), err_msg=name)
        assert state[name].dtype == values(t).dtype


@given(case=cases(), training=flags, bessel=flags)
def test_b28_batch_norm_is_the_core_and_the_tensors_handed_in(device, case: Case, training, bessel):
    settings = Settings(eps=case.eps, momentum=case.momentum, bessel=bessel)
    running = running_of(case, device)
    x, parameters = leaf(case.x, device), vectors(case, device)
    y, new = normalise(x, running, *parameters, training=training, settings=settings)
    mean, var, _ = running_of(case, device)
    again = batch_norm(
        x, mean, var, *parameters, training, decay=settings.decay, eps=case.eps, bessel=bessel
    )
    for a, e in zip((again, mean, var), (y, *new[:2]), strict=True):
        np.testing.assert_array_equal(values(a), values(e))


@given(case=cases(), training=flags)
def test_b28_the_core_changes_nothing_that_is_handed_to_it(device, case: Case, training):
    running = running_of(case, device)
    before = [t.data for t in running]
    copies = [np.array(values(t)) for t in running]
    _, new = normalise(leaf(case.x, device), running, *vectors(case, device), training=training)
    for t, data, copy in zip(running, before, copies, strict=True):
        assert t.data is data
        np.testing.assert_array_equal(values(t), copy)
    assert (new is running) == (not training)


@given(case=cases(["float64"]))
def test_b28_new_statistics_are_constants_and_make_a_chain_of_their_own(device, case: Case):
    """Threading the state through by hand is what a layer does with its buffers."""
    settings = Settings(momentum=None)
    state = running_of(case, device, batches=0)
    for factor in (1.0, -2.0, 0.5):
        x = leaf(np.ascontiguousarray(case.x) * factor, device)
        _, state = normalise(x, state, training=True, settings=settings)
        assert not any(t.requires_grad for t in state)
    assert state.batches.item() == 3
    bn = layer_for(case, device)
    bn.settings = settings
    for factor in (1.0, -2.0, 0.5):
        bn(leaf(np.ascontiguousarray(case.x) * factor, device))
    np.testing.assert_array_equal(values(bn.running_var), values(state.var))


def test_without_statistics_there_are_none_afterwards(device):
    x = mg.asarray(np.arange(6.0).reshape(3, 2), device=device)
    y, new = normalise(x, None, training=True)
    assert new is None
    assert y.shape == (3, 2)


def test_a_plain_average_without_a_number_of_batches_is_refused(device):
    x = mg.ones((3, 2), device=device)
    mean, var = mg.zeros((2,), device=device), mg.ones((2,), device=device)
    message = "momentum=None is the plain average of all batches, which needs their number"
    with pytest.raises(ValueError, match=message):
        normalise(x, Running(mean, var), training=True, settings=Settings(momentum=None))
    with pytest.raises(ValueError, match=message):
        batch_norm(x, mean, var, training=True, momentum=None)
    assert batch_norm(x, mean, var, momentum=None).shape == (3, 2)
