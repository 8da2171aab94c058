"""Backends by name: those that come along, those that others register, those that aren't there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest

import minigrad as mg
from minigrad import backends
from minigrad.backends import Backend


@pytest.fixture
def registry() -> Iterator[None]:
    """The registry as it was, again afterwards."""
    tables = backends._entries, backends._loaded, backends._by_type
    before = [dict(table) for table in tables]
    yield
    for table, entries in zip(tables, before, strict=True):
        table.clear()
        table.update(entries)


def test_numpy_and_strict_are_available() -> None:
    assert {"numpy", "strict"} <= set(backends.available())


def test_a_backend_is_loaded_once() -> None:
    assert backends.get("numpy") is backends.get("numpy")
    assert mg.zeros(1).backend is backends.get("numpy")


def test_an_unknown_backend_is_named_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"unknown backend 'jax'; known are \['cupy', 'numpy'"):
        backends.get("jax")


def test_status_says_why_a_backend_cannot_be_used_and_what_to_install() -> None:
    found = {s.name: s for s in backends.status()}
    assert found["numpy"] == ("numpy", True, ("cpu",), "", "pip install numpy")
    assert found["strict"].usable
    assert "strict:device1" in found["strict"].devices
    if not found["cupy"].usable:
        assert found["cupy"].reason
        assert found["cupy"].devices == ()
        assert "minigrad[cuda12]" in found["cupy"].install


@pytest.mark.skipif("cupy" in backends.available(), reason="there is a CUDA device here")
def test_cuda_asked_for_and_absent_is_an_error_that_says_what_to_do() -> None:
    reason = "No module named 'cupy'" if find_spec("cupy") is None else "CUDA"
    with pytest.raises(RuntimeError, match="backend 'cupy' can't be used") as caught:
        mg.zeros(2, device="cuda")
    assert reason in str(caught.value)
    assert "try `pip install 'minigrad[cuda12]'" in str(caught.value)


class Wrapped(Backend):
    """array-api-strict under another name, as a package of its own would hand it over."""


def load() -> Backend:
    return Wrapped("wrapped", array_api_strict)


def exercise(device: Any) -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device, requires_grad=True)
    mg.sum(mg.exp(x)[:, [0, 0]] * mg.matmul(x, x)).backward()
    y = mg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    mg.sum(mg.exp(y)[:, [0, 0]] * mg.matmul(y, y)).backward()
    assert x.grad.device is mg.device(device)
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-6)


def test_a_registered_backend_works_by_its_device_name(registry: None) -> None:
    backends.register("wrapped", load, module="array_api_strict_elsewhere", device_prefix="w")
    exercise("w")
    assert "wrapped" in backends.available()


def test_a_backend_may_be_registered_by_the_path_of_its_loader(registry: None) -> None:
    backends.register("wrapped", f"{__name__}:load", module="elsewhere")
    assert isinstance(backends.get("wrapped"), Wrapped)


def test_a_second_registration_replaces_the_first(registry: None) -> None:
    backends.register("wrapped", load, module="elsewhere")
    first = backends.get("wrapped")
    backends.register("wrapped", load, module="elsewhere")
    assert backends.get("wrapped") is not first


def test_a_loader_that_fails_is_reported_with_its_cause(registry: None) -> None:
    def fail() -> Backend:
        raise OSError("libfast.so: cannot open shared object file\nand more")

    backends.register("fast", fail, install="apt install fast")
    message = "backend 'fast' can't be used: libfast.so: .*file; try `apt install fast`"
    with pytest.raises(RuntimeError, match=message):
        backends.get("fast")
    (status,) = (s for s in backends.status() if s.name == "fast")
    assert (status.usable, status.reason) == (False, "libfast.so: cannot open shared object file")


def test_an_entry_point_of_another_package_is_found(
    registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint("wrapped", f"{__name__}:load", "minigrad.backends")
    found = lambda *, group: [point] if group == "minigrad.backends" else []
    monkeypatch.setattr("importlib.metadata.entry_points", found)
    assert isinstance(backends.get("wrapped"), Wrapped)
    exercise("wrapped")


def test_a_known_device_is_found_without_reading_entry_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reading them takes a millisecond, and every new Tensor asks for its device."""
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: pytest.fail("read"))
    assert mg.tensor([1.0], device="cpu").device == "cpu"
    assert mg.zeros(1).device == "cpu"


def test_no_library_is_imported_before_it_is_used() -> None:
    code = "import sys, minigrad; print({'cupy', 'array_api_strict'} & set(sys.modules))"
    root = Path(mg.__file__).parents[1]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert run.stdout.strip() == "set()", run.stderr


def test_arrays_are_recognised_by_their_type() -> None:
    assert backends.backend_of(np.ones(2)).name == "numpy"
    assert backends.backend_of(array_api_strict.ones(2)).name == "strict"
    for other in (1.0, [1.0], "x", None, object()):
        assert backends.backend_of(other) is None


def test_numpys_scalars_are_numbers_and_no_library_of_their_own() -> None:
    before = dict(backends._entries)
    assert backends.backend_of(np.float64(1.0)) is None
    assert mg.tensor(np.float64(1.0)).dtype == mg.float64
    assert backends._entries == before
    assert mg.device("cpu").backend is backends.get("numpy")


def test_a_subclass_of_numpys_array_is_one_of_numpys() -> None:
    masked = np.ones(2).view(np.recarray)
    assert backends.backend_of(masked).name == "numpy"
    x = mg.tensor(masked, requires_grad=True)
    mg.sum(x * x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2])


def test_dtypes_are_numpys_objects_on_every_backend(device: Any) -> None:
    for name in ("bool", "int8", "uint16", "int64", "float32", "float64", "complex64"):
        dtype = mg.zeros(2, dtype=name, device=device).dtype
        assert dtype is np.dtype(name)
        assert device.backend.canonical_dtype(device.backend.raw_dtype(name)) is np.dtype(name)
    assert device.backend.raw_dtype(device.backend.raw_dtype("int32")) == device.backend.raw_dtype(
        mg.int32
    )


def test_devices_are_equal_to_their_names_and_alike_for_their_arrays(device: Any) -> None:
    assert device == str(device)
    assert mg.device(str(device)) is device
    assert mg.zeros(2, device=device).device is device
    assert hash(device) == hash(str(device))
    assert repr(device) == f"device({str(device)!r})"
