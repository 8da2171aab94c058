"""Tensors and Python: NumPy arrays, lists, numbers, copies, pickles."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg


def test_numpy_arrays_come_in_shared_or_copied() -> None:
    a = np.ones(2)
    assert np.shares_memory(mg.asarray(a).data, a)
    assert not np.shares_memory(mg.tensor(a).data, a)
    assert not np.shares_memory(mg.asarray(a, copy=True).data, a)
    for forbidden in (lambda: mg.asarray(a, dtype=mg.float32, copy=False),
                      lambda: mg.asarray([1.0], copy=False)):  # fmt: skip
        with pytest.raises(ValueError, match=r"^asarray: copy=False, but"):
            forbidden()


@pytest.mark.parametrize("layout", ["reversed", "strided", "read-only", "Fortran"])
def test_arrays_of_any_layout_take_part(layout: str) -> None:
    whole = np.arange(12.0).reshape(3, 4)
    views = {"reversed": whole[::-1, ::-1], "strided": whole[::2, 1::2], "Fortran": whole.T}
    a = views.get(layout, whole)
    a.flags.writeable = layout != "read-only"
    before = a.copy()
    x = mg.asarray(a, requires_grad=True)
    y = x * a
    y[0] = 5.0
    mg.sum(y + a).backward()
    np.testing.assert_array_equal(x.grad.numpy()[1:], a[1:])
    np.testing.assert_array_equal(x.grad.numpy()[0], 0)
    np.testing.assert_array_equal(a, before)


def test_values_go_out_as_numpy_arrays_of_their_own(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device)
    for convert in (mg.Tensor.numpy, np.asarray, np.array):
        a = convert(x)
        a[0] = 9.0
    assert x.tolist() == [1, 2]
    assert np.asarray(x, dtype=np.float64).dtype == np.float64


def test_a_tensor_that_requires_grad_is_no_numpy_array(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    for convert in (np.asarray, np.array, mg.Tensor.numpy, lambda t: np.concatenate([t, t])):
        for tensor in (x, x * 2):
            with pytest.raises(ValueError, match=r"history would be lost; call tensor\.detach\(\)"):
                convert(tensor)
    assert np.asarray(x.detach()).tolist() == [1, 2]


@pytest.mark.parametrize("f", [np.sin, np.add, np.matmul, np.maximum], ids=lambda f: f.__name__)
def test_numpys_functions_refuse_tensors_instead_of_making_object_arrays(
    device: Any, f: np.ufunc
) -> None:
    for x in (mg.ones((2, 2), device=device), mg.ones((2, 2), device=device, requires_grad=True)):
        with pytest.raises(TypeError, match=r"'Tensor' does not support ufuncs"):
            f(*[x, x][: f.nin])


def test_numpy_arrays_and_tensors_meet_in_operators_on_either_side() -> None:
    x = mg.ones(2, dtype=mg.float64, requires_grad=True)
    a = np.array([2.0, 3.0])
    for y in (a * x, x * a, a - x, a / x, a @ x, a**x, np.float64(2.0) * x):
        assert isinstance(y, mg.Tensor)
        assert y.requires_grad
        assert y.dtype == mg.float64
    for comparison in (a < x, a == x, x >= a):
        assert comparison.dtype == mg.bool


@pytest.mark.parametrize("make", [mg.asarray, mg.tensor], ids=lambda f: f.__name__)
def test_a_list_of_tensors_would_lose_its_history(device: Any, make: Any) -> None:
    x = mg.ones(2, device=device, requires_grad=True)
    for nested in ([x, x], [[1.0, 2.0], x], (x, 1.0), [[[x]]]):
        with pytest.raises(TypeError) as caught:
            make(nested)
        assert str(caught.value) == (
            "asarray: a list of Tensors would lose their history; "
            "use mg.stack(list) or mg.concat(list)"
        )


@pytest.mark.parametrize("data", ["text", object(), [object()], None, {1: 2}], ids=type)
def test_what_is_no_array_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match="asarray: expected numbers"):
        mg.tensor(data)


def test_a_copied_leaf_is_a_leaf_of_its_own(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    mg.sum(x * 2).backward()
    twin = copy.deepcopy(x)
    assert twin.is_leaf
    assert twin.requires_grad
    mg.sum(twin * 5).backward()
    assert twin.grad.tolist() == [7, 7]
    assert x.grad.tolist() == [2, 2]
    with mg.no_grad():
        twin += 1.0
    assert x.tolist() == [1, 2]


def test_a_deep_copy_keeps_tensors_that_are_the_same_the_same(device: Any) -> None:
    x = mg.tensor([1.0], device=device, requires_grad=True)
    twins = copy.deepcopy({"a": x, "b": [x], "c": x * 2})
    assert twins["a"] is twins["b"][0]
    assert twins["a"] is not x


def test_a_deep_copy_of_a_result_keeps_its_history(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    mg.sum(copy.deepcopy(x * 3)).backward()
    assert x.grad.tolist() == [3, 3]


def test_a_tensor_survives_a_pickle_with_device_dtype_and_leafhood(device: Any) -> None:
    x = mg.tensor([[1.0, 2.0]], dtype=mg.float64, device=device, requires_grad=True)
    twin = pickle.loads(pickle.dumps(x))
    assert (twin.device, twin.dtype, twin.shape) == (device, mg.float64, (1, 2))
    assert twin.requires_grad
    assert twin.tolist() == [[1, 2]]
    constant = pickle.loads(pickle.dumps(mg.arange(3, device=device)))
    assert (constant.tolist(), constant.requires_grad) == ([0, 1, 2], False)


def test_the_history_of_a_result_cannot_be_pickled(device: Any) -> None:
    y = mg.ones(2, device=device, requires_grad=True) * 2
    with pytest.raises(TypeError, match=r"result of multiply, recorded at .*; detach it first"):
        pickle.dumps(y)


def test_a_tensor_reads_as_python_does(device: Any) -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    assert [row.tolist() for row in x] == x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert len(x) == 2
    y = x[0, 1]
    assert (y.item(), float(y), int(y), complex(y), bool(y)) == (2.0, 2.0, 2, 2 + 0j, True)
    assert [10, 20, 30][mg.tensor(1, device=device)] == 20
    assert {x: 1}[x] == 1
    for f in (len, iter):
        with pytest.raises(TypeError, match="0-d"):
            f(y)


def test_a_tensor_names_its_namespace(device: Any) -> None:
    x = mg.ones(2, device=device)
    assert x.__array_namespace__() is mg
    assert x.__array_namespace__(api_version="2024.12") is mg
    with pytest.raises(ValueError, match=r"array API version '1999\.01' is not supported"):
        x.__array_namespace__(api_version="1999.01")
