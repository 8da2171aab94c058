"""Tensors among others: DLPack, NumPy, copies, pickles, lists."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.support.oracle import needs_torch, torch


@needs_torch
def test_a_torch_tensor_comes_in_through_dlpack_sharing_memory() -> None:
    t = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    x = mg.from_dlpack(t)
    assert (x.dtype, x.shape, x.device) == (mg.float32, (2, 3), "cpu")
    t[0, 0] = 9.0
    assert x[0, 0].item() == 9.0
    np.testing.assert_array_equal(mg.from_dlpack(t.T).numpy(), t.T.numpy())


@needs_torch
def test_a_tensor_goes_out_through_dlpack_as_a_copy(device: Any) -> None:
    if device.backend.name == "strict":
        pytest.skip("array-api-strict exports no DLPack")
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    for part in (x, x[::-1], mg.matrix_transpose(x)):
        t = torch.from_dlpack(part)
        np.testing.assert_array_equal(t.cpu().numpy(), part.numpy())
        t += 1.0
    np.testing.assert_array_equal(x.numpy(), [[1, 2], [3, 4]])


@needs_torch
def test_a_tensor_that_requires_grad_is_detached_before_it_leaves(device: Any) -> None:
    x = mg.ones(2, device=device, requires_grad=True)
    with pytest.raises(ValueError, match=r"requires grad, and its history would be lost.*detach"):
        torch.from_dlpack(x)


def test_numpy_arrays_come_in_shared_or_copied() -> None:
    a = np.ones(2)
    assert np.shares_memory(mg.asarray(a).data, a)
    assert not np.shares_memory(mg.tensor(a).data, a)
    assert not np.shares_memory(mg.asarray(a, copy=True).data, a)
    with pytest.raises(ValueError, match="copy=False"):
        mg.asarray(a, dtype=mg.float32, copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        mg.asarray([1.0], copy=False)


def test_values_go_out_as_numpy_arrays_of_their_own(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device)
    a = x.numpy()
    a[0] = 9.0
    np.testing.assert_array_equal(np.asarray(x), [1, 2])
    assert np.asarray(x, dtype=np.float64).dtype == np.float64


def test_a_tensor_that_requires_grad_is_no_numpy_array(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    for convert in (np.asarray, np.array, lambda t: t.numpy(), lambda t: np.concatenate([t, t])):
        with pytest.raises(ValueError, match=r"history would be lost; call tensor\.detach\(\)"):
            convert(x)
        with pytest.raises(ValueError, match="history would be lost"):
            convert(x * 2)
    np.testing.assert_array_equal(np.asarray(x.detach()), [1, 2])


def test_numpys_functions_refuse_tensors_instead_of_making_object_arrays(device: Any) -> None:
    x = mg.ones(2, device=device)
    with pytest.raises(TypeError, match="__array_ufunc__"):
        np.sin(x)
    with pytest.raises(TypeError):
        np.add(x, x)


def test_numpy_arrays_and_tensors_meet_in_operators_on_either_side() -> None:
    x = mg.ones(2, dtype=mg.float64, requires_grad=True)
    for y in (np.array([2.0, 3.0]) * x, x * np.array([2.0, 3.0])):
        assert isinstance(y, mg.Tensor)
        assert y.requires_grad


@pytest.mark.parametrize("make", [mg.asarray, mg.tensor], ids=lambda f: f.__name__)
def test_a_list_of_tensors_would_lose_its_history(device: Any, make: Any) -> None:
    x = mg.ones(2, device=device, requires_grad=True)
    for nested in ([x, x], [[1.0, 2.0], x], (x, 1.0)):
        with pytest.raises(TypeError, match=r"a list of Tensors.*use mg\.stack.*mg\.concat"):
            make(nested)


@pytest.mark.parametrize("data", ["text", object(), [object()], None, {1: 2}], ids=repr)
def test_what_is_no_array_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match="asarray: expected numbers"):
        mg.tensor(data)


def test_a_copied_leaf_is_a_leaf_of_its_own(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    mg.sum(x * 2).backward()
    twin = copy.deepcopy(x)
    assert twin.is_leaf
    assert twin.requires_grad
    assert twin.grad is not x.grad
    mg.sum(twin * 5).backward()
    np.testing.assert_array_equal(twin.grad.numpy(), [7, 7])
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2])


def test_a_deep_copy_keeps_tensors_that_are_the_same_the_same(device: Any) -> None:
    x = mg.tensor([1.0], device=device, requires_grad=True)
    a, b = copy.deepcopy([x, x])
    assert a is b


def test_a_shallow_copy_of_a_result_keeps_its_history(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    mg.sum(copy.deepcopy(x * 3)).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3])


def test_a_tensor_survives_a_pickle_with_device_dtype_and_leafhood(device: Any) -> None:
    x = mg.tensor([[1.0, 2.0]], dtype=mg.float64, device=device, requires_grad=True)
    twin = pickle.loads(pickle.dumps(x))
    assert (twin.device, twin.dtype, twin.shape) == (device, mg.float64, (1, 2))
    assert twin.requires_grad
    np.testing.assert_array_equal(twin.detach().numpy(), [[1, 2]])
    assert not pickle.loads(pickle.dumps(mg.ones(2, device=device))).requires_grad


def test_the_history_of_a_result_cannot_be_pickled(device: Any) -> None:
    y = mg.ones(2, device=device, requires_grad=True) * 2
    with pytest.raises(TypeError, match=r"result of multiply, recorded at .*; detach it first"):
        pickle.dumps(y)


def test_a_tensor_reads_as_python_does(device: Any) -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert [row.tolist() for row in x] == x.tolist()
    assert len(x) == 2
    assert (x[0, 1].item(), float(x[0, 1]), int(x[0, 1]), bool(x[0, 1])) == (2.0, 2.0, 2, True)
    assert [10, 20, 30][mg.tensor(1, device=device)] == 20
    for f, error in [(bool, ValueError), (float, ValueError), (iter, None)]:
        if error is not None:
            with pytest.raises(error):
                f(x)
    for f in (len, iter):
        with pytest.raises(TypeError, match="0-d"):
            f(x[0, 0])


def test_a_tensor_names_its_namespace(device: Any) -> None:
    x = mg.ones(2, device=device)
    assert x.__array_namespace__() is mg
    assert x.__array_namespace__(api_version="2024.12") is mg
    with pytest.raises(ValueError, match="api_version|API version"):
        x.__array_namespace__(api_version="1999.01")
