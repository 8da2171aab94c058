"""Which statistics are used and which move: freezing that holds, and blocks that end."""

from __future__ import annotations

import copy
import threading
import warnings
from contextlib import nullcontext

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close
from minigrad_bn import (
    BatchNorm1d,
    batch_norm,
    freeze,
    freeze_stats,
    unfreeze,
    use_batch_stats,
)

from .derivatives import values
from .layers import assert_same_state, batch, state_of


def net(device: mg.Device, **options: object) -> nn.Sequential:
    """A net whose batch norm has seen a batch."""
    bn = BatchNorm1d(3, dtype=mg.float64, device=device, **options)
    model = nn.Sequential(nn.Linear(3, 3, dtype=mg.float64, device=device), bn)
    model(batch(0, (8, 3), device))
    return model


def train(model: nn.Module, device: mg.Device, steps: int = 3) -> None:
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = optim.SGD(learning, lr=0.1, momentum=0.9)
    for i in range(steps):
        model.train()
        optimizer.zero_grad()
        y = model(batch(i, (4, 3), device))
        y.backward(batch(99 + i, (4, 3), device))
        optimizer.step()


@pytest.mark.parametrize("as_method", [True, False])
def test_b23_after_freeze_training_leaves_the_state_bit_identical(device, as_method):
    model = net(device)
    before = state_of(model[1])
    linear = values(model[0].weight).copy()
    assert (model[1].freeze() if as_method else freeze(model)) is (model[1] if as_method else model)
    train(model, device)
    assert_same_state(model[1], before)
    assert model[1].training and model[1].stats_frozen
    assert np.any(values(model[0].weight) != linear)


@pytest.mark.parametrize("as_method", [True, False])
def test_b23_after_freeze_stats_weight_and_bias_learn_and_the_statistics_stay(device, as_method):
    model = net(device)
    before = state_of(model[1])
    _ = model[1].freeze_stats() if as_method else freeze_stats(model)
    train(model, device)
    after = state_of(model[1])
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        np.testing.assert_array_equal(after[name], before[name])
    for name in ("weight", "bias"):
        assert np.all(after[name] != before[name])


def test_b23_what_is_frozen_normalises_by_the_running_statistics_in_training_too(device):
    bn = net(device)[1]
    x = batch(1, (1, 3), device)
    expected = values(bn.eval()(x))
    np.testing.assert_array_equal(values(bn.train().freeze_stats()(x)), expected)


@pytest.mark.parametrize("as_method", [True, False])
@pytest.mark.parametrize("verb", [freeze, freeze_stats])
def test_b23_unfreeze_takes_it_back_and_the_layer_is_as_if_never_frozen(device, verb, as_method):
    model, other = net(device), net(device)
    other.load_state_dict(model.state_dict())
    verb(model)
    model(batch(5, (8, 3), device))
    _ = model[1].unfreeze() if as_method else unfreeze(model)
    for m in (model, other):
        train(m, device)
    assert_same_state(model[1], state_of(other[1]))


def test_b23_freezing_twice_and_unfreezing_once_is_enough(device):
    model = freeze(freeze_stats(freeze(net(device))))
    unfreeze(model)
    assert all(p.requires_grad for p in model.parameters())
    assert not model[1].stats_frozen
    model[1].requires_grad_(False)
    unfreeze(model)  # there is nothing left to take back
    assert not model[1].weight.requires_grad


def test_b23_a_parameter_that_did_not_learn_before_does_not_after_unfreeze(device):
    bn = net(device)[1]
    bn.bias.requires_grad_(False)
    bn.freeze().unfreeze()
    assert (bn.weight.requires_grad, bn.bias.requires_grad) == (True, False)


def test_b23_a_copy_and_a_move_stay_frozen_and_a_state_dict_does_not_carry_it(device):
    bn = net(device)[1].freeze()
    twin = copy.deepcopy(bn).double()
    assert twin.stats_frozen and not twin.weight.requires_grad
    assert twin.unfreeze().weight.requires_grad
    assert bn.stats_frozen and not bn.weight.requires_grad
    fresh = BatchNorm1d(3, device=device)
    fresh.load_state_dict(bn.state_dict())
    assert not fresh.stats_frozen


def test_b23_repr_says_that_it_is_frozen():
    assert "stats_frozen=True" in repr(BatchNorm1d(3).freeze_stats())
    assert "frozen" not in repr(BatchNorm1d(3))


def test_b23_other_layers_of_the_model_go_on_learning(device):
    model = freeze(net(device))
    assert model[0].weight.requires_grad and not model[1].weight.requires_grad


@pytest.mark.parametrize("verb", [freeze, freeze_stats])
def test_b23_a_layer_without_running_statistics_can_not_be_frozen_and_nothing_is(device, verb):
    model = nn.Sequential(BatchNorm1d(3), BatchNorm1d(3, track_running_stats=False))
    with pytest.raises(ValueError, match=r"BatchNorm1d '1' has no running statistics .* because "):
        verb(model)
    assert not model[0].stats_frozen and model[0].weight.requires_grad
    with pytest.raises(ValueError, match="BatchNorm1d has no running statistics"):
        getattr(model[1], verb.__name__)()


# --- requires_grad_(False) alone -----------------------------------------------------------------


def test_b23_parameters_that_learn_no_more_warn_once_if_the_statistics_still_move(device):
    model = net(device)
    model[1].requires_grad_(False)
    x = batch(1, (4, 3), device)
    with pytest.warns(UserWarning, match=r"still move with every batch.*freeze\(\) keeps both"):
        model(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(x)
        model.eval()(x)


@pytest.mark.parametrize("quiet", ["eval", "freeze", "freeze_stats", "no affine", "one learns"])
def test_b23_nothing_is_said_where_nothing_moves_or_something_learns(device, quiet):
    model = net(device, affine=quiet != "no affine")
    model.requires_grad_(False)
    if quiet == "eval":
        model.eval()
    elif quiet == "one learns":
        model[1].bias.requires_grad_()
    elif quiet.startswith("freeze"):
        getattr(model[1], quiet)()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(batch(1, (4, 3), device))


def test_b23_nothing_is_said_under_no_state_update(device):
    model = net(device)
    model.requires_grad_(False)
    with warnings.catch_warnings(), mg.autograd.no_state_update():
        warnings.simplefilter("error")
        model(batch(1, (4, 3), device))


# --- the batch's own statistics ------------------------------------------------------------------


@needs_torch
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("tracked", [True, False])
def test_b04_the_truth_table_of_mode_and_buffers_is_pytorchs(device, training, tracked):
    ours = BatchNorm1d(3, 0.1, None, True, tracked, device=device, dtype=mg.float64)
    theirs = torch.nn.BatchNorm1d(3, 0.1, None, True, tracked, dtype=torch.float64)
    for i, mode in enumerate((True, training, training)):
        x = batch(i, (4, 3), device)
        y, y_t = ours.train(mode)(x), theirs.train(mode)(to_torch(values(x)))
        assert_close(values(y), from_torch(y_t), "y", terms=4, magnitude=100)
    assert (ours.running_mean is None) == (theirs.running_mean is None) == (not tracked)
    for name, t in theirs.state_dict().items():
        assert_close(state_of(ours)[name], from_torch(t), name, terms=4, magnitude=100)


@pytest.mark.parametrize("name", ["track_running_stats", "normalises_by_batch", "moves_stats"])
def test_b04_what_a_layer_does_is_read_off_it_and_not_set(name):
    with pytest.raises(AttributeError, match=name):
        setattr(BatchNorm1d(3), name, False)


@pytest.mark.parametrize("mode", ["train", "eval", "frozen"])
@pytest.mark.parametrize("as_block", [True, False])
def test_b04_use_batch_stats_normalises_by_the_batch_and_remembers_nothing(device, mode, as_block):
    model = net(device)
    model.train(mode != "eval")
    if mode == "frozen":
        model[1].freeze_stats()
    before = state_of(model[1])
    x = batch(1, (4, 3), device)
    by_batch = batch_norm(model[0](x), None, None, *model[1].parameters(), training=True)
    outside = values(copy.deepcopy(model)(x))
    with use_batch_stats(model if as_block else model[1]):
        np.testing.assert_array_equal(values(model(x)), values(by_batch))
        model.train(not model.training)
        np.testing.assert_array_equal(values(model(x)), values(by_batch))
        model.train(not model.training)
    assert_same_state(model[1], before)
    np.testing.assert_array_equal(values(model(x)), outside)


def test_b04_use_batch_stats_ends_with_its_block_also_after_an_error_and_nests(device):
    model = net(device).eval()
    with use_batch_stats(model):
        with use_batch_stats(model[1]):
            pass
        assert model[1].normalises_by_batch
    assert not model[1].normalises_by_batch
    with pytest.raises(ValueError, match="linear"), use_batch_stats(model):
        model(mg.ones((4, 5), dtype=mg.float64, device=device))
    assert not model[1].normalises_by_batch


def test_b04_use_batch_stats_is_of_its_thread_alone_and_of_its_layer():
    model, other = net(mg.device("cpu")).eval(), net(mg.device("cpu")).eval()
    seen = []
    with use_batch_stats(model):
        thread = threading.Thread(target=lambda: seen.append(model[1].normalises_by_batch))
        thread.start()
        thread.join()
        assert not other[1].normalises_by_batch
        assert not copy.deepcopy(model[1]).normalises_by_batch
    assert seen == [False]


@pytest.mark.parametrize(
    ("options", "block", "why"),
    [
        ({}, False, "when training"),
        ({"track_running_stats": False}, False, "because track_running_stats=False"),
        ({}, True, r"in use_batch_stats\(\)"),
    ],
)
def test_b04_one_value_a_channel_is_told_why_the_batch_is_what_counts(device, options, block, why):
    bn = BatchNorm1d(3, device=device, **options).train(why == "when training")
    before = state_of(bn)
    inside = use_batch_stats(bn) if block else nullcontext()
    with inside, pytest.raises(ValueError, match=f"more than 1 value per channel {why}, got"):
        bn(mg.ones((1, 3), device=device))
    assert_same_state(bn, before)
