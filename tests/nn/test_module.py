"""Module: attributes as a register, walks over the tree, modes, moving, hooks, copies."""

from __future__ import annotations

import copy
import pickle
import sys
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.testing.derivatives import to_numpy


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(mg.ones(2))
        self.register_buffer("count", mg.asarray(0))
        self.register_buffer("cache", mg.zeros(2), persistent=False)
        self.inner = nn.Linear(2, 2)
        self.width = 2

    def forward(self, x: Any, shift: float = 0.0) -> Any:
        return self.inner(x) * self.scale + shift


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Block()
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Dropout()])
        self.shared = self.first.inner

    def forward(self, x: Any) -> Any:
        return self.layers[0](self.first(x))


def test_parameters_buffers_and_modules_are_listed_once_parents_first() -> None:
    net = Net()
    assert [n for n, _ in net.named_parameters()] == [
        "first.scale", "first.inner.weight", "first.inner.bias",
        "layers.0.weight", "layers.0.bias",
    ]  # fmt: skip
    assert [n for n, _ in net.named_buffers()] == ["first.count", "first.cache"]
    assert [n for n, _ in net.named_modules()] == [
        "", "first", "first.inner", "layers", "layers.0", "layers.1",
    ]  # fmt: skip
    assert [n for n, _ in net.named_children()] == ["first", "layers", "shared"]
    assert list(net.children())[2] is net.first.inner
    assert [n for n, _ in net.named_modules(remove_duplicate=False)][-1] == "shared"
    assert [n for n, _ in net.first.named_parameters(recurse=False)] == ["scale"]
    assert next(net.first.named_parameters("block"))[0] == "block.scale"
    assert list(net.first.inner.buffers()) == []


def test_a_parameter_is_a_leaf_that_requires_grad_and_shares_no_history() -> None:
    source = mg.ones(2, requires_grad=True) * 2
    p = nn.Parameter(source)
    assert p.is_leaf and p.requires_grad and isinstance(p, mg.Tensor)
    assert not nn.Parameter([1.0], requires_grad=False).requires_grad
    assert repr(p).startswith("Parameter containing:\ntensor([2., 2.]")
    assert type(p * 2) is mg.Tensor


def test_assignment_keeps_what_is_registered() -> None:
    block = Block()
    block.scale = nn.Parameter(mg.zeros(2))
    block.count = mg.asarray(5)
    block.inner = nn.Identity()
    block.width = 7
    assert dict(block.named_buffers())["count"].item() == 5
    block.scale = None
    assert list(block.parameters()) == []
    del block.inner, block.count
    assert list(block.children()) == [] and "count" not in block.state_dict()
    block.count = 3
    assert block.count == 3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("scale", mg.ones(2), r"Block.scale: expected an nn.Parameter or None, got a Tensor"),
        ("inner", 3, r"Block.inner: expected an nn.Module or None, got a int"),
        ("count", 3, r"Block.count: expected a Tensor or None, got a int"),
    ],
)
def test_a_registered_attribute_is_not_replaced_by_an_ordinary_one(
    name: str, value: Any, message: str
) -> None:
    block = Block()
    with pytest.raises(TypeError, match=message):
        setattr(block, name, value)
    assert getattr(block, name) is not value


def test_bad_registrations_are_refused() -> None:
    block = Block()
    with pytest.raises(KeyError, match="has an attribute 'inner' already"):
        block.register_buffer("inner", mg.ones(1))
    with pytest.raises(KeyError, match="add_module: Block has an attribute 'forward' already"):
        block.add_module("forward", nn.Identity())
    block.register_parameter("scale", nn.Parameter(mg.zeros(2)))
    block.add_module("inner", nn.Linear(2, 2))
    block.register_buffer("count", mg.asarray(1))
    with pytest.raises(KeyError, match=r"'a\.b' is no name"):
        block.register_parameter("a.b", None)
    with pytest.raises(KeyError, match="'' is no name"):
        block.add_module("", nn.Identity())
    with pytest.raises(TypeError, match=r"'p' is a Tensor; use nn\.Parameter"):
        block.register_parameter("p", mg.ones(1))
    with pytest.raises(TypeError, match="'m' is a int, not a Module"):
        block.add_module("m", 3)
    with pytest.raises(TypeError, match=r"'b' is a list; use mg.tensor"):
        block.register_buffer("b", [1.0])
    with pytest.raises(TypeError, match="a name is a string, not 3"):
        block.register_module(3, nn.Identity())
    assert not any(hasattr(block, name) for name in ("p", "m", "b"))


def test_a_module_can_not_be_below_itself() -> None:
    block = Block()
    with pytest.raises(ValueError, match=r"Linear.parent: the Block contains this very module"):
        block.inner.parent = block
    with pytest.raises(ValueError, match=r"Block.me: the Block contains this very module"):
        block.me = block


def test_a_place_kept_by_none_is_filled_later() -> None:
    block = Block()
    block.register_parameter("late", None)
    block.register_buffer("seen", None)
    assert "late" not in block.state_dict() and "seen" not in block.state_dict()
    block.late = nn.Parameter(mg.ones(1))
    block.seen = mg.ones(1)
    assert {"late", "seen"} < set(block.state_dict())


def test_train_and_eval_set_the_whole_tree() -> None:
    net = Net()
    assert net.training and net.layers[1].training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    with pytest.raises(ValueError, match="the mode is True or False, not 'eval'"):
        net.train("eval")


def test_apply_goes_from_the_children_to_their_parents() -> None:
    net, seen = Net(), []
    assert net.apply(lambda m: seen.append(m)) is net
    assert seen == [
        net.first.inner, net.first, net.layers[0], net.layers[1], net.layers, net,
    ]  # fmt: skip


def test_get_submodule_parameter_and_buffer_by_path() -> None:
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("layers.0") is net.layers[0]
    assert net.get_parameter("first.inner.bias") is net.first.inner.bias
    assert net.get_buffer("first.count") is net.first.count
    with pytest.raises(AttributeError, match="Block has no child 'outer' on the path"):
        net.get_submodule("first.outer")
    with pytest.raises(AttributeError, match=r"no parameter 'b'; it has \['weight', 'bias'\]"):
        net.get_parameter("first.inner.b")
    with pytest.raises(AttributeError, match="Block has no buffer 'scale'"):
        net.get_buffer("first.scale")


def test_zero_grad_and_requires_grad_reach_every_parameter() -> None:
    net = Net()
    net(mg.ones((3, 2))).backward(mg.ones((3, 2)) * 2)
    net.zero_grad(set_to_none=False)
    assert all(not p.grad.numpy().any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_(False) is net
    assert not net(mg.ones((3, 2))).requires_grad
    assert net.requires_grad_()(mg.ones((3, 2))).requires_grad


@pytest.mark.parametrize("order", [("strict", "float64"), ("float64", "strict")])
def test_to_moves_and_converts_in_place(order: tuple[str, str]) -> None:
    net = Net()
    before = list(net.parameters())
    net(mg.ones((3, 2))).backward(mg.ones((3, 2)))
    values = [to_numpy(p) for p in before]
    gradients = [p.grad.numpy() for p in before]
    moved = net.to(*(mg.dtype(o) if o == "float64" else o for o in order))
    assert moved is net
    assert all(a is b for a, b in zip(net.parameters(), before, strict=True))
    for p, value, gradient in zip(before, values, gradients, strict=True):
        assert (p.device, p.dtype) == ("strict", "float64") and p.is_leaf and p.requires_grad
        assert (p.grad.device, p.grad.dtype) == ("strict", "float64")
        np.testing.assert_array_equal(to_numpy(p), value)
        np.testing.assert_array_equal(to_numpy(p.grad), gradient)
    assert net.first.count.dtype == "int64" and net.first.count.device == "strict"
    assert net.first.cache.dtype == "float64"
    y = net(mg.ones((3, 2), dtype="float64", device="strict"))
    assert (y.device, y.dtype) == ("strict", "float64")


def test_to_refuses_before_it_changes_anything() -> None:
    net = Net()
    with pytest.raises(TypeError, match="converted to a floating dtype, not to int64"):
        net.to(dtype="int64")
    with pytest.raises(ValueError, match="unknown device 'moon'"):
        net.to("moon", dtype="float64")
    assert all(p.dtype == "float32" and p.device == "cpu" for p in net.parameters())
    assert net.double().first.scale.dtype == "float64"
    assert net.float().first.scale.dtype == "float32"


def test_hooks_see_and_replace_inputs_and_outputs() -> None:
    block, seen = Block(), []
    plain = to_numpy(block(mg.ones((1, 2))))

    def before(module: nn.Module, args: tuple[Any, ...]) -> Any:
        seen.append((module, args))
        return args[0] * 0

    def after(module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        seen.append((module, args, output))
        return output + 1

    first = block.register_forward_pre_hook(before)
    second = block.register_forward_hook(after)
    watching = block.register_forward_hook(lambda *ignored: None)
    y = block(mg.ones((1, 2)), shift=2.0)
    assert seen[0][0] is block and seen[1][1][0].numpy().any() == 0
    np.testing.assert_array_equal(to_numpy(y), to_numpy(block.inner.bias * block.scale + 3)[None])
    first.remove()
    first.remove()
    with second:
        np.testing.assert_allclose(to_numpy(block(mg.ones((1, 2)))), plain + 1)
    np.testing.assert_array_equal(to_numpy(block(mg.ones((1, 2)))), plain)
    watching.remove()


def test_a_hook_with_kwargs_sees_and_replaces_arguments_by_keyword() -> None:
    block, seen = Block(), []
    x = mg.ones((1, 2))

    def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        seen.append((args, kwargs))
        return None if kwargs.get("shift") == 2.0 else (args, {"shift": 2.0})

    with block.register_forward_pre_hook(before, with_kwargs=True):
        found = [to_numpy(block(x, shift=s)) for s in (2.0, 3.0)]
    assert [kwargs for _, kwargs in seen] == [{"shift": 2.0}, {"shift": 3.0}]
    np.testing.assert_array_equal(found[1], found[0])
    assert np.any(found[0] != to_numpy(block(x, shift=3.0)))


@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"]
)
def test_a_copy_is_equal_and_independent(clone: Any) -> None:
    net = Net().eval()
    twin = clone(net)
    assert twin.shared is twin.first.inner and repr(twin) == repr(net) and not twin.training
    assert list(twin.state_dict()) == list(net.state_dict())
    x = mg.ones((2, 2))
    np.testing.assert_array_equal(to_numpy(twin(x)), to_numpy(net(x)))
    twin(x).backward(mg.ones((2, 2)))
    assert all(p.is_leaf and p.requires_grad for p in twin.parameters())
    assert all(p.grad is None for p in net.parameters())
    assert any(p.grad is not None for p in twin.parameters())


def test_a_subclass_may_forget_super_init() -> None:
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(1, 1)

        def forward(self, x: Any) -> Any:
            return self.inner(x)

    net = Forgetful()
    assert len(list(net.parameters())) == 2 and net.eval().inner.training is False
    assert net(mg.ones((2, 1))).shape == (2, 1)


def test_walks_do_not_recurse() -> None:
    net: nn.Module = nn.Linear(1, 1)
    depth = 2 * sys.getrecursionlimit()
    for _ in range(depth):
        outer = nn.Module()
        object.__setattr__(outer, "inner", net)  # add_module would look for a cycle each time
        net = outer
    assert len(list(net.modules())) == depth + 1
    assert next(name for name, _ in net.named_parameters()).count(".") == depth
    net.eval().apply(lambda m: None).zero_grad()
    assert len(net.state_dict()) == 2


def test_repr_shows_the_tree() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = nn.Sequential(nn.ReLU(), nn.Identity())

        def extra_repr(self) -> str:
            return "line=1\nline=2"

    assert repr(Odd()) == (
        "Odd(\n  line=1\n  line=2\n  (block): Sequential(\n    (0): ReLU()\n"
        "    (1): Identity()\n  )\n)"
    )


def test_a_module_without_forward_says_so() -> None:
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'forward'"):
        nn.Module()(mg.ones(1))


def test_a_module_hands_its_forward_what_it_is_called_with() -> None:
    class Scaled(nn.Module):
        def forward(self, x: Any, scale: float = 1.0) -> Any:
            return x * scale

    x = mg.ones(2)
    assert Scaled()(x, 3.0).tolist() == Scaled()(x=x, scale=3.0).tolist() == [3.0, 3.0]
    assert Scaled()(x, scale=2.0).tolist() == [2.0, 2.0]
