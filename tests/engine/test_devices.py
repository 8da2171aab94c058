"""Tensors of several backends and devices: never mixed by accident, moved differentiably."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg

places = ["cpu", "strict", "strict:device1", "strict:device2"]


@pytest.mark.parametrize("target", places)
@pytest.mark.parametrize("source", places)
def test_a_tensor_moves_and_its_gradient_travels_back(source: str, target: str) -> None:
    x = mg.tensor([1.0, 2.0], device=source, requires_grad=True)
    y = x.to(target) * mg.tensor([3.0, 4.0], device=target)
    assert y.device == target
    mg.sum(y * y).backward()
    assert x.grad.device == source
    np.testing.assert_array_equal(x.grad.numpy(), [18, 64])


def test_a_move_is_differentiable_twice() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = mg.sum(x.to("strict:device1") ** 3).to("cpu")
    (g,) = mg.autograd.grad(y, x, create_graph=True)
    (h,) = mg.autograd.grad(mg.sum(g), x)
    np.testing.assert_array_equal(h.numpy(), [6, 12])


def test_a_move_under_no_grad_is_a_constant_and_a_move_home_no_move() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with mg.no_grad():
        assert not x.to("strict").requires_grad
    assert x.to("cpu") is x


@pytest.mark.parametrize("operation", [
    lambda a, b: a + b, lambda a, b: mg.matmul(a, b), lambda a, b: mg.concat([a, b]),
    lambda a, b: mg.where(a > 0, a, b), lambda a, b: mg.atan2(a, b),
], ids=["add", "matmul", "concat", "where", "atan2"])  # fmt: skip
@pytest.mark.parametrize(("one", "other"), [("cpu", "strict"), ("strict", "strict:device1")])
def test_devices_do_not_mix_and_the_error_says_how_to_move(
    operation: object, one: str, other: str
) -> None:
    a, b = mg.ones(2, device=one), mg.ones(2, device=other)
    message = rf"^\w+: inputs are on {one} and {other}; move one, as in x\.to\('{one}'\)"
    with pytest.raises(ValueError, match=message):
        operation(a, b)


def test_a_raw_array_of_another_library_is_refused_too() -> None:
    with pytest.raises(ValueError, match="add: inputs are on strict and cpu"):
        mg.ones(2, device="strict") + np.ones(2, dtype="float32")


def test_a_raw_array_of_the_same_library_is_a_constant(device: mg.Device) -> None:
    x = mg.ones(2, device=device, requires_grad=True)
    raw = (mg.ones(2, device=device) * 3).data
    for y in (x * raw, raw * x if device == "cpu" else x * raw):
        mg.sum(y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [6, 6])


def test_a_cotangent_on_another_device_is_refused() -> None:
    y = mg.ones(2, device="strict", requires_grad=True) * 2
    with pytest.raises(ValueError, match="gradient on cpu for a Tensor on strict"):
        y.backward(mg.ones(2))


def test_parameters_of_several_devices_in_one_graph() -> None:
    a = mg.tensor([2.0], requires_grad=True)
    b = mg.tensor([3.0], device="strict", requires_grad=True)
    (a.to("strict") * b).to("cpu").backward()
    assert (a.grad.device, a.grad.item()) == ("cpu", 3.0)
    assert (b.grad.device, b.grad.item()) == ("strict", 2.0)


@pytest.mark.parametrize("name", ["gpu", "", "cpu:5", "strict:nowhere"])
def test_an_unknown_device_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="unknown device|has no device"):
        mg.device(name)
