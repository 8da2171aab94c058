"""Hooks see a gradient on its way, may replace it, and can spoil it for nobody else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([1.0, 2.0], device=device, requires_grad=True)


def test_a_hook_of_a_leaf_sees_the_sum_of_all_paths_and_may_replace_it(x: mg.Tensor) -> None:
    seen: list[Any] = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: g * 10)
    mg.sum(x * x + x).backward()
    assert seen == [[3.0, 5.0]]
    np.testing.assert_array_equal(x.grad.numpy(), [30, 50])


def test_a_hook_of_an_intermediate_tensor_sees_all_paths_and_changes_what_flows_on(
    x: mg.Tensor,
) -> None:
    seen: list[Any] = []
    y = x * 2
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: -g)
    mg.sum(y * 3 + y + x).backward()
    assert seen == [[4.0, 4.0]]
    np.testing.assert_array_equal(x.grad.numpy(), [-7, -7])


def test_hooks_run_in_the_order_in_which_they_were_registered(x: mg.Tensor) -> None:
    y = x * 1
    y.register_hook(lambda g: g + 1)
    y.register_hook(lambda g: g * 10)
    mg.sum(y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [20, 20])


def test_hooks_run_from_the_output_to_the_inputs_once_each(x: mg.Tensor) -> None:
    order: list[str] = []
    y, z = x * 2, x * 3
    w = y * z
    for name, tensor in (("x", x), ("y", y), ("z", z), ("w", w)):
        tensor.register_hook(lambda g, name=name: order.append(name))
    mg.sum(w).backward()
    assert order[0] == "w"
    assert order[-1] == "x"
    assert sorted(order) == ["w", "x", "y", "z"]


def test_hooks_run_for_grad_too_of_inputs_and_of_what_lies_between(x: mg.Tensor) -> None:
    y = x * x
    y.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: g * 5)
    by_x, by_y = mg.autograd.grad(mg.sum(y), [x, y])
    np.testing.assert_array_equal(by_y.numpy(), [2, 2])
    np.testing.assert_array_equal(by_x.numpy(), [20, 40])


def test_a_removed_hook_is_silent_and_removed_once(x: mg.Tensor) -> None:
    seen: list[Any] = []
    handle = x.register_hook(seen.append)
    x.register_hook(lambda g: g * 3)
    handle.remove()
    handle.remove()
    mg.sum(x).backward()
    assert not seen
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3])


def test_a_hook_may_remove_itself_while_it_runs(x: mg.Tensor) -> None:
    seen: list[str] = []

    def once(g: mg.Tensor) -> None:
        seen.append("once")
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(lambda g: seen.append("always"))
    for _ in range(2):
        mg.sum(x).backward()
    assert seen == ["once", "always", "always"]


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_that_returns_another_shape_is_refused(x: mg.Tensor, create_graph: bool) -> None:
    x.register_hook(lambda g: g[:1])
    with pytest.raises(ValueError, match=r"hook: returned shape \(1,\) for a gradient of"):
        mg.autograd.grad(mg.sum(x), x, create_graph=create_graph)


def test_a_hook_that_returns_no_tensor_is_refused(x: mg.Tensor) -> None:
    handle = x.register_hook(lambda g: 5.0)
    with pytest.raises(TypeError, match=r"^hook: .*float"):
        mg.sum(x).backward()
    handle.remove()
    x.register_hook(lambda g: np.ones(2, dtype=np.float32))
    with pytest.raises(TypeError, match=r"^hook: .*ndarray"):
        mg.sum(x).backward()


def test_a_hook_that_sends_the_gradient_elsewhere_is_refused(x: mg.Tensor) -> None:
    elsewhere = "strict" if x.device == "cpu" else "cpu"
    x.register_hook(lambda g: g.to(elsewhere))
    with pytest.raises(ValueError, match=r"^hook: .* on "):
        mg.sum(x).backward()


def test_whatever_a_hook_does_a_gradient_has_its_inputs_dtype(x: mg.Tensor) -> None:
    y = x * 1
    y.register_hook(lambda g: mg.astype(g, mg.float64))
    x.register_hook(lambda g: mg.astype(g, mg.float64))
    mg.sum(y).backward()
    assert x.grad.dtype == mg.float32


def test_a_hook_under_create_graph_is_a_part_of_the_graph(x: mg.Tensor) -> None:
    y = x * x
    y.register_hook(lambda g: g * x)
    (first,) = mg.autograd.grad(mg.sum(y), x, create_graph=True)
    (second,) = mg.autograd.grad(mg.sum(first), x)
    np.testing.assert_array_equal(first.detach().numpy(), [2, 8])
    np.testing.assert_array_equal(second.numpy(), [4, 8])


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_cannot_write_into_the_gradient_that_others_see(
    x: mg.Tensor, create_graph: bool
) -> None:
    def vandal(g: mg.Tensor) -> None:
        g[0] = 99.0
        g *= 2

    seen: list[Any] = []
    y = x * 1
    y.register_hook(vandal)
    y.register_hook(lambda g: seen.append(g.tolist()))
    u = mg.tensor([1.0, 1.0], device=x.device)
    (g,) = mg.autograd.grad(y, x, u, create_graph=create_graph)
    assert seen == [[1.0, 1.0]]
    assert (g.tolist(), u.tolist()) == ([1.0, 1.0], [1.0, 1.0])


def test_a_hook_may_differentiate_another_graph(x: mg.Tensor) -> None:
    w = mg.tensor([3.0, 4.0], device=x.device, requires_grad=True)
    x.register_hook(lambda g: g * mg.autograd.grad(mg.sum(w**2), w)[0].detach())
    mg.sum(x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [6, 8])
    assert w.grad is None


def test_a_constant_has_no_hook(device: Any) -> None:
    with pytest.raises(ValueError, match="register_hook: this Tensor does not require grad"):
        mg.ones(2, device=device).register_hook(print)
