"""Sequential and ModuleList: order, names, slices, changes."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.oracles import torch
from minigrad.testing.suite.checks import needs_torch


def names(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_children()]


def test_sequential_applies_its_modules_in_order() -> None:
    first, second = nn.Linear(2, 3), nn.Linear(3, 1)
    net = nn.Sequential(first, nn.Tanh(), second)
    x = mg.asarray([[0.5, -1.0]])
    np.testing.assert_array_equal(to_numpy(net(x)), to_numpy(second(mg.tanh(first(x)))))
    assert len(net) == 3 and next(iter(net)) is first and net[-1] is second
    np.testing.assert_array_equal(to_numpy(nn.Sequential()(x)), to_numpy(x))


def test_sequential_takes_names() -> None:
    net = nn.Sequential({"fc": nn.Linear(2, 3), "act": nn.ReLU()})
    assert names(net) == ["fc", "act"] and net.fc is net[0]
    assert list(net.state_dict()) == ["fc.weight", "fc.bias"]
    net.add_module("last", nn.Linear(3, 1))
    assert names(net) == ["fc", "act", "last"] and net(mg.ones((1, 2))).shape == (1, 1)
    assert repr(net[:2]) == (
        "Sequential(\n  (fc): Linear(in_features=2, out_features=3, bias=True)\n  (act): ReLU()\n)"
    )
    with pytest.raises(AttributeError, match="'Sequential' object has no attribute 'conv'"):
        _ = net.conv


def test_a_slice_of_a_sequential_shares_its_modules() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert net[:1][0] is net[0] and len(net[1:]) == 2 and isinstance(net[1:], nn.Sequential)
    assert len(net) == 3


def test_modules_are_replaced_inserted_and_deleted() -> None:
    layers = nn.ModuleList([nn.Linear(1, 1), nn.ReLU()])
    assert layers.append(nn.Tanh()) is layers
    layers.extend([nn.Sigmoid()])
    layers.insert(1, nn.Identity())
    kinds = [type(m).__name__ for m in layers]
    assert kinds == ["Linear", "Identity", "ReLU", "Tanh", "Sigmoid"]
    assert names(layers) == ["0", "1", "2", "3", "4"]
    layers[-1] = nn.GELU()
    del layers[1]
    assert [type(m).__name__ for m in layers] == ["Linear", "ReLU", "Tanh", "GELU"]
    assert names(layers) == ["0", "1", "2", "3"]
    del layers[1:3]
    assert [type(m).__name__ for m in layers] == ["Linear", "GELU"] and len(layers[:1]) == 1
    with pytest.raises(IndexError, match="ModuleList: no module 2 among 2"):
        layers[2]
    with pytest.raises(TypeError, match="'2' is a int, not a Module"):
        layers.append(3)
    assert len(layers) == 2


def test_a_module_list_can_not_be_called_and_a_member_can_be_removed_by_name() -> None:
    layers = nn.ModuleList([nn.ReLU()])
    with pytest.raises(AttributeError, match="no attribute 'forward'"):
        layers(mg.ones(1))
    del layers.__dict__["_items"]["0"]
    assert len(layers) == 0
    net = nn.Sequential({"a": nn.ReLU(), "b": nn.Tanh()})
    del net.a
    assert names(net) == ["b"]
    net.extra = 3
    del net.extra
    assert not hasattr(net, "extra")


def test_a_subclass_of_sequential_may_have_parameters_of_its_own() -> None:
    class Scaled(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Linear(2, 2))
            self.scale = nn.Parameter(mg.ones(()))
            self.act = nn.Tanh()

        def forward(self, input: mg.Tensor) -> mg.Tensor:
            return super().forward(input) * self.scale

    net = copy.deepcopy(Scaled())
    assert [n for n, _ in net.named_parameters()] == ["scale", "0.weight", "0.bias"]
    assert names(net) == ["0", "act"]
    net(mg.ones((1, 2))).backward(mg.ones((1, 2)))
    assert net.scale.grad.shape == ()


def test_a_long_sequential_runs_forward_and_backward() -> None:
    net = nn.Sequential(*[nn.Tanh() for _ in range(3000)])
    x = mg.asarray([0.5], requires_grad=True)
    net(x).backward(mg.asarray([2.0]))
    assert 0 < x.grad.item() < 2
    assert repr(net).count("Tanh()") == 3000


@needs_torch
def test_a_module_list_folds_equal_neighbours_in_its_text_as_pytorchs_does() -> None:
    def build(n: type[nn] | type[torch]) -> object:
        alike = [n.Linear(2, 2) for _ in range(3)]
        return n.ModuleList([*alike, n.ReLU(), n.Sequential(n.ReLU(), n.ReLU()), n.ReLU()])

    assert repr(build(nn)) == repr(build(torch.nn))
