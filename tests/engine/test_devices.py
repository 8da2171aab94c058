"""Tensors of several backends and devices: never mixed by accident, moved differentiably."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import Tensor

places = ["cpu", "strict", "strict:device1", "strict:device2"]


@pytest.mark.parametrize("target", places)
@pytest.mark.parametrize("source", places)
def test_a_tensor_moves_and_its_derivatives_of_every_order_travel_back(
    source: str, target: str
) -> None:
    x = mg.tensor([1.0, 2.0], device=source, requires_grad=True)
    c = mg.tensor([3.0, 4.0], device=target)
    y = mg.sum((x.to(target) * c) ** 3).to(source)
    assert y.device == source
    (first,) = mg.autograd.grad(y, x, create_graph=True)
    (second,) = mg.autograd.grad(mg.sum(first), x, create_graph=True)
    (third,) = mg.autograd.grad(mg.sum(second), x)
    assert {g.device for g in (first, second, third)} == {mg.device(source)}
    np.testing.assert_array_equal(first.detach().numpy(), [3 * 27, 3 * 64 * 4])
    np.testing.assert_array_equal(second.detach().numpy(), [6 * 27, 6 * 64 * 2])
    np.testing.assert_array_equal(third.numpy(), [6 * 27, 6 * 64])


def test_a_way_through_all_devices() -> None:
    x = y = mg.tensor([1.0, 2.0], requires_grad=True)
    for place in (*places, *reversed(places)):
        y = y.to(place) * 2.0
    mg.sum(y).backward()
    assert x.grad.tolist() == [256, 256]


def test_a_move_keeps_dtype_and_shares_no_memory() -> None:
    x = mg.tensor([1.0, 2.0], dtype=mg.float64)
    there = x.to("strict:device1")
    back = there.to("cpu")
    assert there.dtype == back.dtype == mg.float64
    assert not np.shares_memory(back.data, x.data)
    assert mg.arange(3).to("strict").dtype == mg.int64


def test_a_move_home_is_no_move_and_one_under_no_grad_a_constant() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    assert x.to("cpu") is x
    assert mg.asarray(x, device="cpu") is x
    with mg.no_grad():
        assert not x.to("strict").requires_grad


def test_to_takes_a_device_or_a_dtype_and_nothing_else() -> None:
    x = mg.ones(2)
    assert x.to(mg.device("strict")).device == "strict"
    assert x.to("float64").dtype == x.to(mg.float64).dtype == mg.float64
    for target in (None, 3.5):
        with pytest.raises(TypeError, match="device"):
            x.to(target)
        with pytest.raises(TypeError, match="device"):
            mg.device(target)
    with pytest.raises(ValueError, match="unknown device 'floppy'"):
        x.to("floppy")


@pytest.mark.parametrize("operation", [
    lambda a, b: a + b, mg.matmul, lambda a, b: mg.concat([a, b]), lambda a, b: mg.stack([a, b]),
    lambda a, b: mg.where(a > 0, a, b), mg.atan2, lambda a, b: a.at[0].set(b[0]),
    lambda a, b: a == b,
], ids=["add", "matmul", "concat", "stack", "where", "atan2", "set", "equal"])  # fmt: skip
@pytest.mark.parametrize(("one", "other"), [("cpu", "strict"), ("strict", "strict:device1")])
def test_devices_do_not_mix_and_the_error_says_how_to_move(
    operation: Any, one: str, other: str
) -> None:
    a, b = mg.ones(2, device=one), mg.ones(2, device=other)
    message = rf"^\w+: inputs are on {one} and {other}; move one, as in x\.to\('{one}'\)$"
    with pytest.raises(ValueError, match=message):
        operation(a, b)
    operation(a, b.to(one))


def test_a_raw_array_of_another_library_is_refused_too() -> None:
    with pytest.raises(ValueError, match="add: inputs are on strict and cpu"):
        mg.ones(2, device="strict") + np.ones(2, dtype="float32")


def test_a_raw_array_of_the_same_library_is_a_constant(device: Any) -> None:
    x = mg.ones(2, device=device, requires_grad=True)
    mg.sum(x * (mg.ones(2, device=device) * 3).data).backward()
    assert x.grad.tolist() == [3, 3]


def test_parameters_of_several_devices_in_one_graph() -> None:
    a = mg.tensor([2.0], requires_grad=True)
    b = mg.tensor([3.0], device="strict", requires_grad=True)
    c = mg.tensor([5.0], device="strict:device1", requires_grad=True)
    ((a.to("strict") * b).to("strict:device1") * c).backward()
    assert [(x.grad.device.name, x.grad.item()) for x in (a, b, c)] == [
        ("cpu", 15.0), ("strict", 10.0), ("strict:device1", 6.0),
    ]  # fmt: skip


def test_a_gradient_that_comes_back_from_another_library_is_compared_with_its_own_dtypes() -> None:
    x = mg.ones(2, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # array-api-strict warns of a comparison with NumPy's
        mg.sum(x.to("strict")).backward()
    assert x.grad.tolist() == [1, 1]


def everything_on(x: Tensor) -> list[Tensor]:
    """Results that need arrays of their own: constants, indices, grids, masks."""
    return [
        x + 1, mg.maximum(x, 0), mg.where(x > 0, 1.0, x), x[[0, 1]], x[x > 0], mg.sort(x),
        mg.take(x, mg.argsort(x)), mg.tril(mg.eye(2, device=x.device) * x), mg.pad(x, ((1, 1),)),
        mg.special.softmax(x), mg.var(x), mg.cumulative_prod(x), mg.prod(x), x.at[0].add(2.0),
        mg.zeros_like(x), mg.repeat(x, 2), mg.roll(x, 1), mg.linalg.vector_norm(x), x**2.5, 2.0**x,
    ]  # fmt: skip


@pytest.mark.parametrize("place", places)
@pytest.mark.parametrize("default", places)
def test_results_stay_on_the_device_of_their_inputs_whatever_the_default(
    place: str, default: str
) -> None:
    x = mg.tensor([1.0, 2.0], device=place, requires_grad=True)
    with mg.device(default):
        results = everything_on(x)
        assert {y.device.name for y in results} == {place}
        total = mg.sum(mg.stack([mg.sum(y * y) for y in results]))
        (g,) = mg.autograd.grad(total, x, create_graph=True)
        mg.sum(g * g).backward()
    assert g.device == x.grad.device == place


@pytest.mark.parametrize("name", ["gpu", "", "cpu:5", "strict:nowhere", "CPU"])
def test_an_unknown_device_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown device|has no device"):
        mg.device(name)


def test_asarray_takes_numpys_arrays_to_the_default_device(device: Any) -> None:
    """As `tensor` does; but an array of another library, and a Tensor, stay where they are."""
    a = np.ones(2)
    with device:
        assert mg.asarray(a).device == device
        assert mg.asarray(mg.ones(2, device="cpu")).device == "cpu"
    assert mg.asarray(mg.ones(2, device=device).data).device == device
    assert mg.asarray(a).device == "cpu"
