"""State dicts: both ways between minigrad and PyTorch, all or nothing, snapshots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad import nn
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.oracles import from_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch

from .nets import randomize


def small(n: Any) -> Any:
    return n.Sequential(
        n.Conv2d(1, 2, 3, padding=1, groups=1),
        n.GroupNorm(1, 2),
        n.ReLU(),
        n.Flatten(),
        n.Linear(32, 3),
        n.LayerNorm(3),
    )


def values(state: Any) -> dict[str, Any]:
    return {name: to_numpy(t) for name, t in state.items()}


@needs_torch
@examples(0.3)
@given(seed=seeds)
def test_pytorch_takes_our_state_and_we_take_pytorchs(device: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ours, theirs = small(nn).to(device), small(torch.nn)
    x = rng.standard_normal((2, 1, 4, 4)).astype("float32")
    assert ours.load_state_dict(theirs.state_dict()) == ([], [])
    y, expected = ours(mg.asarray(x, device=device)), theirs(torch.asarray(x))
    np.testing.assert_allclose(to_numpy(y), from_torch(expected), rtol=1e-4, atol=1e-5)

    randomize(ours, rng)
    state = {name: torch.asarray(t.numpy()) for name, t in ours.state_dict().items()}
    theirs.load_state_dict(state)
    for name, t in theirs.state_dict().items():
        np.testing.assert_array_equal(to_numpy(ours.state_dict()[name]), from_torch(t))


@needs_torch
def test_parameters_of_pytorch_that_require_grad_are_taken_too() -> None:
    theirs = torch.nn.Linear(2, 3)
    ours = nn.Linear(2, 3)
    ours.load_state_dict(theirs.state_dict(keep_vars=True))
    np.testing.assert_array_equal(to_numpy(ours.weight), from_torch(theirs.weight))


def test_values_come_from_arrays_of_any_kind_and_are_copied(device: Any) -> None:
    net = nn.Linear(2, 1, device=device)
    strict = mg.asarray([[1.0, 2.0]], device="strict")
    array = np.array([3.0])
    net.load_state_dict({"weight": strict, "bias": array})
    array[0] = 7.0
    np.testing.assert_array_equal(to_numpy(net.weight), [[1, 2]])
    np.testing.assert_array_equal(to_numpy(net.bias), [3])
    assert net.weight.device is device and net.weight.dtype == "float32" and net.weight.is_leaf
    net.load_state_dict({"weight": strict.data, "bias": mg.asarray([4.0], dtype="float64")})
    assert net.bias.dtype == "float32" and net.bias.item() == 4.0


def test_a_number_fills_a_buffer_without_axes() -> None:
    net = nn.Module()
    net.register_buffer("count", mg.asarray(0))
    net.load_state_dict({"count": 5})
    assert net.count.item() == 5 and net.count.dtype == "int64"


def test_a_state_dict_is_a_snapshot_and_keep_vars_is_not() -> None:
    net = nn.Linear(2, 1)
    state, own = net.state_dict(), net.state_dict(keep_vars=True)
    before = values(state)
    nn.init.constant_(net.weight, 3.0)
    np.testing.assert_array_equal(to_numpy(state["weight"]), before["weight"])
    assert own["weight"] is net.weight and not state["weight"].requires_grad
    assert list(net.state_dict(prefix="net.")) == ["net.weight", "net.bias"]


def test_shared_modules_appear_under_each_name() -> None:
    net = nn.Module()
    net.a = net.b = nn.Linear(1, 1)
    assert list(net.state_dict()) == ["a.weight", "a.bias", "b.weight", "b.bias"]
    assert len(list(net.parameters())) == 2
    other = nn.Module()
    other.a = other.b = nn.Linear(1, 1)
    other.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(to_numpy(other.a.weight), to_numpy(net.a.weight))


def test_everything_that_does_not_fit_is_listed_and_nothing_is_loaded() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = values(net.state_dict())
    state = {
        "0.weight": np.ones((2, 3)),
        "0.bias": np.ones(3),
        "1.weight": "ones",
        "2.weight": np.ones(1),
    }
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict: the state dict does not fit Sequential, and nothing was loaded:\n"
        "  missing: 1.bias\n"
        "  unexpected: 2.weight\n"
        "  0.weight: shape (2, 3) in the state dict, (3, 2) in the module\n"
        "  1.weight: str can't become float32"
    )
    for name, kept in values(net.state_dict()).items():
        np.testing.assert_array_equal(kept, before[name])
    with pytest.raises(RuntimeError, match="complex128 can't become float32"):
        net.load_state_dict({"0.bias": np.ones(3) * 1j}, strict=False)


def test_without_strict_what_is_there_is_loaded_and_the_rest_is_named() -> None:
    net = nn.Linear(2, 1)
    result = net.load_state_dict({"bias": np.array([5.0]), "scale": np.ones(1)}, strict=False)
    assert result.missing_keys == ["weight"] and result.unexpected_keys == ["scale"]
    assert net.bias.item() == 5.0
    with pytest.raises(RuntimeError, match=r"bias: shape \(2,\) in the state dict"):
        net.load_state_dict({"bias": np.ones(2)}, strict=False)


class Thermometer(nn.Module):
    """A module with a buffer that can't be anything."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(mg.ones(1))
        self.register_buffer("kelvin", mg.ones(1))

    def refuse_state(self, name: str, value: Any) -> str | None:
        return "too cold" if name == "kelvin" and value < 0 else None


def test_what_a_module_refuses_is_named_under_every_path_and_nothing_is_loaded() -> None:
    one, other = Thermometer(), Thermometer()
    net = nn.Sequential(one, other, one)
    good = {name: np.full(1, 5.0) for name in net.state_dict()}
    bad = {**good, "1.kelvin": np.full(1, -1.0), "2.kelvin": np.full(1, -2.0)}
    for strict in (True, False):
        with pytest.raises(RuntimeError, match=r"1\.kelvin: too cold\n  2\.kelvin: too cold$"):
            net.load_state_dict(bad, strict)
        assert all(t.item() == 1.0 for t in net.state_dict().values())
    net.load_state_dict(good)
    assert all(t.item() == 5.0 for t in net.state_dict().values())


def test_buffers_that_do_not_persist_are_neither_saved_nor_asked_for() -> None:
    net = nn.Module()
    net.register_buffer("kept", mg.ones(1))
    net.register_buffer("cache", mg.ones(1), persistent=False)
    assert list(net.state_dict()) == ["kept"]
    net.load_state_dict({"kept": np.zeros(1)})
    with pytest.raises(RuntimeError, match="unexpected: cache"):
        net.load_state_dict({"kept": np.zeros(1), "cache": np.zeros(1)})


def test_loading_leaves_parameters_leaves_and_a_graph_recorded_before_notices() -> None:
    net = nn.Linear(2, 2)
    x = mg.ones((1, 2), requires_grad=True)
    y = net(x)
    net.load_state_dict({"weight": np.zeros((2, 2)), "bias": np.zeros(2)})
    assert net.weight.is_leaf and net.weight.requires_grad
    with pytest.raises(RuntimeError, match="has been assigned a new value since"):
        y.backward(mg.ones((1, 2)))
    net(x).backward(mg.ones((1, 2)))
    assert net.weight.grad.numpy().any()
