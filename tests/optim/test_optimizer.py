"""Optimizer: groups, closures, gradients, text, and what it refuses."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.oracles import torch
from minigrad.testing.suite.checks import needs_torch

CLASSES = ["SGD", "Adam", "AdamW", "RMSprop"]


def test_step_binds_new_values_and_leaves_the_old_arrays_alone(device: Any) -> None:
    p = nn.Parameter(mg.ones(3, device=device))
    old = p.data
    y = mg.sum(p * p)
    p.grad = mg.asarray(np.array([1, 2, 3], dtype="float32"), device=device)
    optim.SGD([p], lr=0.5).step()
    np.testing.assert_array_equal(to_numpy(p), [0.5, 0, -0.5])
    assert p.data is not old and bool(device.backend.xp.all(old == 1))
    with pytest.raises(RuntimeError, match="has been assigned a new value since"):
        y.backward()


def test_parameters_without_a_gradient_stay() -> None:
    p, q = nn.Parameter([1.0]), nn.Parameter([1.0])
    optimizer = optim.AdamW([p, q], lr=0.1)
    p.grad = mg.asarray([1.0])
    optimizer.step()
    assert p.item() < 1 and q.item() == 1 and q not in optimizer.state


def test_closure_computes_the_loss_with_gradients_even_under_no_grad() -> None:
    p = nn.Parameter([3.0])
    optimizer = optim.SGD([p], lr=0.1)

    def closure() -> mg.Tensor:
        optimizer.zero_grad()
        loss = mg.sum(p * p)
        loss.backward()
        return loss

    with mg.no_grad():
        assert optimizer.step(closure).item() == 9
    assert p.item() == pytest.approx(2.4)
    assert optimizer.step() is None


def test_zero_grad() -> None:
    p, q = nn.Parameter([3.0]), nn.Parameter([1.0])
    p.grad = mg.asarray([2.0])
    optimizer = optim.SGD([p, q])
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.item() == 0 and q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_groups_have_their_own_hyperparameters_and_can_be_added() -> None:
    p, q, r = (nn.Parameter([0.0]) for _ in range(3))
    optimizer = optim.SGD([{"params": p}, {"params": iter([q]), "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": [r], "maximize": True})
    for x in (p, q, r):
        x.grad = mg.asarray([1.0])
    optimizer.step()
    assert [x.item() for x in (p, q, r)] == pytest.approx([-0.1, -0.5, 0.1])
    optimizer.param_groups[0]["lr"] = np.float64(1.0)
    optimizer.step()
    assert p.dtype == "float32" and p.item() == pytest.approx(-1.1)


@pytest.mark.parametrize("name", CLASSES)
def test_numpys_numbers_as_hyperparameters_make_no_float64(name: str) -> None:
    p = nn.Parameter(mg.ones((2, 3)))
    optimizer = getattr(optim, name)([p], lr=0.1, weight_decay=0.1)
    (group,) = optimizer.param_groups
    numbers = {key: np.float64(x) for key, x in group.items() if type(x) in (int, float)}
    group.update(numbers)
    if "momentum" in group:
        group["momentum"] = np.float64(0.5)
    if "betas" in group:
        group["betas"] = np.float64(0.5), np.float64(0.9)
    for _ in range(2):
        p.grad = mg.ones((2, 3))
        optimizer.step()
    arrays = [x for x in optimizer.state[p].values() if type(x) is not int]
    assert arrays and p.dtype == "float32" and all(x.dtype == "float32" for x in arrays)


@needs_torch
@pytest.mark.parametrize("name", CLASSES)
def test_arguments_and_hyperparameters_are_pytorchs(name: str) -> None:
    ours = inspect.signature(getattr(optim, name)).parameters
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    assert {n: p.default for n, p in ours.items()} == {n: theirs[n].default for n in ours}
    by_position = [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert by_position == list(theirs)[: len(by_position)]
    group = getattr(optim, name)([nn.Parameter([0.0])]).state_dict()["param_groups"][0]
    expected = getattr(torch.optim, name)([torch.ones(1)]).state_dict()["param_groups"][0]
    assert group.items() <= expected.items()
    assert set(expected) - set(group) <= {
        "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay",
    }  # fmt: skip


def test_text_lists_the_groups() -> None:
    assert repr(optim.SGD([nn.Parameter([0.0])], lr=0.1)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.1\n    maximize: False\n"
        "    momentum: 0\n    nesterov: False\n    weight_decay: 0\n)"
    )


def test_a_copy_of_net_and_optimizer_together_goes_on_alone() -> None:
    net = nn.Linear(2, 1)
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    net(mg.ones((1, 2))).backward(mg.ones((1, 1)))
    optimizer.step()
    twin, twin_optimizer = copy.deepcopy((net, optimizer))
    before = to_numpy(net.weight)
    twin_optimizer.step()
    np.testing.assert_array_equal(to_numpy(net.weight), before)
    optimizer.step()
    np.testing.assert_array_equal(to_numpy(net.weight), to_numpy(twin.weight))


leaf = nn.Parameter([1.0])
bad: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: optim.SGD([]), ValueError, "SGD: got no parameters"),
    (lambda: optim.SGD(leaf), TypeError, r"SGD: params is one Tensor; pass a list, as \[p\]"),
    (lambda: optim.SGD([3]), TypeError, "SGD: a parameter is a int, not a Tensor"),
    (lambda: optim.SGD([leaf * 2]), ValueError, "SGD: a Tensor from multiply, recorded"),
    (lambda: optim.SGD([leaf, leaf]), ValueError, r"SGD: a parameter of shape \(1,\) was"),
    (lambda: optim.SGD([leaf], lr=-1), ValueError, "SGD: lr is -1, expected at least 0"),
    (lambda: optim.SGD([leaf], lr=float("nan")), ValueError, "SGD: lr is nan"),
    (lambda: optim.SGD([leaf], momentum=-1), ValueError, "SGD: momentum is -1"),
    (lambda: optim.SGD([leaf], nesterov=True), ValueError, "SGD: nesterov needs a momentum"),
    (lambda: optim.SGD([{"params": [leaf], "lr": -1}]), ValueError, "SGD: lr is -1"),
    (lambda: optim.AdamW([leaf], betas=(0.9, 1.0)), ValueError, r"AdamW: betas are \(0.9, 1.0\)"),
    (lambda: optim.Adam([leaf], eps=-1), ValueError, "Adam: eps is -1"),
    (lambda: optim.RMSprop([leaf], alpha=-1), ValueError, "RMSprop: alpha is -1"),
    (lambda: optim.RMSprop([leaf], weight_decay=-1), ValueError, "RMSprop: weight_decay is -1"),
    (lambda: optim.Optimizer([leaf], {}).step(), TypeError, "Optimizer does not define update"),
]


@pytest.mark.parametrize(("call", "error", "message"), bad, ids=[b[2][:40] for b in bad])
def test_bad_input_is_explained(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_group_that_is_refused_is_not_added() -> None:
    optimizer = optim.SGD([leaf])
    with pytest.raises(ValueError, match="was given twice"):
        optimizer.add_param_group({"params": [nn.Parameter([1.0]), leaf]})
    assert len(optimizer.param_groups) == 1
