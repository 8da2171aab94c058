"""What comes in: plain arrays of numbers, whatever they were wrapped in, and unchanged by us."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg


class Subclass(np.ndarray):
    """An array that multiplies by its own rules, as np.matrix does."""

    def __mul__(self, other: Any) -> Any:
        return np.full(self.shape, 99.0)


values = np.array([[1.0, 2.0], [3.0, 4.0]])


def wrapped(kind: str, folder: Path) -> np.ndarray:
    if kind == "matrix":
        return np.matrix(values)
    if kind == "subclass":
        return values.copy().view(Subclass)
    if kind == "memmap":
        array = np.memmap(folder / "array", dtype=values.dtype, mode="w+", shape=values.shape)
        array[...] = values
        return array
    return values.astype(values.dtype.newbyteorder())


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", ["matrix", "subclass", "memmap", "other byte order"])
def test_an_array_of_another_class_or_byte_order_counts_as_its_values(
    kind: str, tmp_path: Path
) -> None:
    array = wrapped(kind, tmp_path)
    x = mg.asarray(array, requires_grad=True)
    assert x.dtype == mg.float64
    assert type(x.data) is np.ndarray
    c = mg.tensor(values, requires_grad=True)
    for y in (x * x, c * array, mg.multiply(array, c)):
        assert (y.dtype, type(y.data)) == (mg.float64, np.ndarray)
        np.testing.assert_array_equal(y.detach().numpy(), values**2)
        y.backward(mg.ones_like(y))
    assert x.grad.dtype == mg.float64
    np.testing.assert_array_equal(x.grad.numpy(), 2 * values)
    np.testing.assert_array_equal(c.grad.numpy(), 2 * values)


no_numbers = {
    "objects": np.array([1, "a"], dtype=object),
    "strings": np.array(["a"]),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "records": np.zeros(2, dtype=[("a", "f4")]),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
}


@pytest.mark.parametrize("kind", no_numbers)
def test_an_array_that_does_not_hold_numbers_is_refused(kind: str) -> None:
    array = no_numbers[kind]
    for call in (mg.asarray, mg.tensor, lambda a: mg.ones(2) + a, lambda a: mg.exp(a)):
        with pytest.raises(TypeError):
            call(array)


@pytest.mark.parametrize("dtype", ["longdouble", "clongdouble"])
def test_a_dtype_that_no_backend_promises_is_refused(dtype: str) -> None:
    if np.finfo(dtype).eps == np.finfo(np.float64).eps:
        pytest.skip("long double is double on this machine")
    with pytest.raises(TypeError):
        mg.asarray(np.ones(2, dtype=dtype))


def test_asarray_never_changes_the_tensor_it_is_given(device: Any) -> None:
    a = mg.ones(2, device=device)
    b = mg.asarray(a, requires_grad=True)
    assert b.requires_grad
    assert not a.requires_grad
    assert mg.asarray(a) is a
    c = mg.asarray(b * 2, requires_grad=True)
    mg.sum(c).backward()
    assert b.grad.tolist() == [2, 2]


def test_tensor_makes_a_constant_or_a_leaf_with_memory_of_its_own(device: Any) -> None:
    x = mg.ones(2, device=device, requires_grad=True)
    for requires_grad in (False, True):
        y = mg.tensor(x * 2, requires_grad=requires_grad)
        assert y.is_leaf
        assert y.requires_grad == requires_grad
        assert y.device is device
    z = mg.tensor(x)
    assert z.data is not x.data


def test_lists_that_index_and_containers_that_are_passed_are_left_alone(device: Any) -> None:
    x = mg.ones((3, 2), device=device, requires_grad=True)
    key, shape, parts = [0, 2], [6], [x, x]
    before = copy.copy(key), copy.copy(shape), copy.copy(parts)
    mg.sum(mg.reshape(x, tuple(shape))).backward()
    mg.sum(x[key] * mg.concat(parts)[:2]).backward()
    assert (key, shape) == before[:2]
    assert all(a is b for a, b in zip(parts, before[2], strict=True))


@pytest.mark.parametrize("name", ["mean", "var", "std", "softmax", "log_softmax"])
def test_what_makes_integers_floating_takes_a_plain_array_and_no_list(name: str) -> None:
    function = getattr(mg, name, None) or getattr(mg.special, name)
    y = function(values.astype("int64"), axis=1)
    assert y.dtype == mg.get_default_dtype()
    np.testing.assert_array_equal(y.numpy(), function(mg.asarray(values, dtype="float32"), axis=1))
    with pytest.raises(TypeError, match=f"^{name}: input 0 is a list, not a Tensor; use mg.tensor"):
        function([1.0, 2.0])
