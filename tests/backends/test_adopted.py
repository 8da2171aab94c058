"""An array-API library that nobody registered: its arrays are recognised when they arrive."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import array_api_strict
import numpy as np
import pytest

import minigrad as mg
from minigrad import backends


class Array:
    """An array of a library called `tinyarrays`: array-api-strict's, under another type."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __array_namespace__(self, api_version: str | None = None) -> ModuleType:
        return sys.modules["tinyarrays"]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.inner)

    def __getattr__(self, name: str) -> Any:
        if name == "inner":
            raise AttributeError(name)
        return wrapped(getattr(self.inner, name))

    def __setitem__(self, key: Any, value: Any) -> None:
        self.inner[unwrapped(key)] = unwrapped(value)


def unwrapped(x: Any) -> Any:
    if isinstance(x, Array):
        return x.inner
    if isinstance(x, tuple | list):
        return type(x)(map(unwrapped, x))
    return x


def wrapped(x: Any) -> Any:
    if isinstance(x, type(array_api_strict.zeros(()))):
        return Array(x)
    if type(x) in (tuple, list):
        return type(x)(map(wrapped, x))
    if callable(x) and not isinstance(x, type):
        return lambda *args, **kwargs: wrapped(
            x(*map(unwrapped, args), **{k: unwrapped(v) for k, v in kwargs.items()})
        )
    return x


def operator(name: str) -> Any:
    return lambda self, *others: wrapped(getattr(self.inner, name))(*others)


for name in ("add", "sub", "mul", "truediv", "pow"):
    for prefix in ("", "r"):
        setattr(Array, f"__{prefix}{name}__", operator(f"__{prefix}{name}__"))
for name in (
    "neg",
    "abs",
    "invert",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "and",
    "or",
    "getitem",
    "bool",
):
    setattr(Array, f"__{name}__", operator(f"__{name}__"))
Array.__module__ = "tinyarrays"


@pytest.fixture
def library() -> Iterator[ModuleType]:
    """The library, installed for the length of a test."""
    module = ModuleType("tinyarrays")
    for word in dir(array_api_strict):
        if not word.startswith("_"):
            setattr(module, word, wrapped(getattr(array_api_strict, word)))
    module.__array_namespace_info__ = array_api_strict.__array_namespace_info__
    sys.modules["tinyarrays"] = module
    tables = backends._entries, backends._loaded, backends._by_type
    before = [dict(table) for table in tables]
    yield module
    for table, entries in zip(tables, before, strict=True):
        table.clear()
        table.update(entries)
    del sys.modules["tinyarrays"]


def test_arrays_of_an_unregistered_library_become_tensors_with_gradients(
    library: ModuleType,
) -> None:
    raw = library.asarray(np.array([[1.0, 2.0], [3.0, 4.0]]))
    x = mg.asarray(raw, requires_grad=True)
    assert x.backend.name == "tinyarrays"
    assert x.data is raw
    assert x.dtype == mg.float64
    y = mg.sum(mg.tanh(x)[[0, 0, 1]] * mg.max(x, axis=0)) + mg.sum(mg.matmul(x, x))
    y.backward()
    assert type(x.grad.data) is Array

    same = mg.tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
    z = mg.sum(mg.tanh(same)[[0, 0, 1]] * mg.max(same, axis=0)) + mg.sum(mg.matmul(same, same))
    z.backward()
    np.testing.assert_allclose(x.grad.numpy(), same.grad.numpy(), rtol=1e-15)


def test_second_derivatives_on_an_unregistered_library(library: ModuleType) -> None:
    x = mg.asarray(library.asarray(np.array([0.5, 2.0])), requires_grad=True)
    (g,) = mg.autograd.grad(mg.sum(x**3), x, create_graph=True)
    (h,) = mg.autograd.grad(mg.sum(g), x)
    np.testing.assert_allclose(h.numpy(), [3, 12], rtol=1e-15)


def test_new_tensors_can_be_made_on_an_unregistered_library(library: ModuleType) -> None:
    device = mg.asarray(library.asarray(1.0)).device
    assert str(device).startswith("tinyarrays")
    assert type(mg.zeros((2, 3), device=device).data) is Array
    assert type(mg.ones(2).to(device).data) is Array
    np.testing.assert_array_equal(mg.ones(2).to(device).to("cpu").numpy(), [1, 1])
