"""The default dtype and the default device: where they count, and how far they reach."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import minigrad as mg
from minigrad.tensor import Tensor

makers: dict[str, Callable[[], Tensor]] = {
    "zeros": lambda: mg.zeros(2),
    "ones": lambda: mg.ones(2),
    "full": lambda: mg.full((2,), 3.0),
    "empty": lambda: mg.empty(2),
    "tensor": lambda: mg.tensor([1.0]),
    "asarray": lambda: mg.asarray([[1.0], [2]]),
    "arange": lambda: mg.arange(3.0),
    "linspace": lambda: mg.linspace(0, 1, 3),
    "eye": lambda: mg.eye(2),
    "mean of integers": lambda: mg.mean(mg.arange(3)),
    "exp of integers": lambda: mg.exp(mg.arange(3)),
    "quotient of integers": lambda: mg.arange(3) / mg.arange(1, 4),
    "integers and a float": lambda: mg.arange(3) + 0.5,
    "uniform": lambda: mg.random.uniform((2,)),
    "normal": lambda: mg.random.normal((2,)),
}


@pytest.fixture
def restored() -> Iterator[None]:
    yield
    mg.set_default_dtype(mg.float32)
    mg.set_default_device(None)


@pytest.mark.parametrize("name", makers)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_default_dtype_and_device_are_those_of_new_tensors(
    device: Any, name: str, dtype: str, restored: None
) -> None:
    mg.set_default_dtype(dtype)
    assert mg.get_default_dtype() == dtype
    with device:
        y = makers[name]()
    assert (y.dtype, y.device) == (dtype, device)


def test_the_default_may_be_float16(restored: None) -> None:
    mg.set_default_dtype("float16")
    assert {f().dtype for f in makers.values()} == {mg.float16}


def test_what_has_a_dtype_keeps_it_whatever_the_default(restored: None) -> None:
    x = mg.ones(2, requires_grad=True)
    mg.set_default_dtype(mg.float64)
    mg.sum(x * 2.0 + 1).backward()
    assert (x * 0.5).dtype == x.grad.dtype == mg.float32


@pytest.mark.parametrize("dtype", ["int32", "complex64", "bool", "longdouble"])
def test_only_floats_of_up_to_64_bits_can_be_the_default(dtype: str) -> None:
    with pytest.raises(TypeError, match="expected float16, float32 or float64"):
        mg.set_default_dtype(dtype)
    assert mg.get_default_dtype() == mg.float32


def test_blocks_with_devices_nest_and_end_with_an_error() -> None:
    with mg.device("strict"):
        with mg.device("strict:device1"):
            assert mg.zeros(2).device == "strict:device1"
            with mg.device("cpu"):
                assert mg.arange(3).device == "cpu"
            assert mg.eye(2).device == "strict:device1"
        with pytest.raises(ValueError, match="item: "), mg.device("cpu"):
            mg.zeros(2).item()
        assert mg.ones(2).device == "strict"
    assert mg.zeros(2).device == "cpu"


def test_one_device_can_be_entered_twice() -> None:
    place = mg.device("strict")
    with place, mg.device("cpu"), place:
        assert mg.zeros(2).device is place
    assert mg.zeros(2).device == "cpu"


def test_the_default_device_is_set_and_unset(device: Any, restored: None) -> None:
    mg.set_default_device(device)
    assert mg.zeros(2).device is device
    with mg.device("strict:device2"):
        assert mg.zeros(2).device == "strict:device2"
    assert mg.zeros(2).device is device
    mg.set_default_device("cpu")
    assert mg.zeros(2).device == "cpu"


def test_an_unknown_default_device_changes_nothing() -> None:
    with pytest.raises(ValueError, match="unknown device 'floppy'"):
        mg.set_default_device("floppy")
    assert mg.zeros(2).device == "cpu"


def test_an_explicit_device_comes_before_the_default() -> None:
    with mg.device("strict"):
        assert mg.zeros(2, device="cpu").device == "cpu"
        assert mg.zeros_like(mg.zeros(2, device="strict:device1")).device == "strict:device1"


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(mg.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-c", "import minigrad as mg\n" + code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment, "PYTHONPATH": root},
    )


def test_the_environment_chooses_the_default_device() -> None:
    code = "print(mg.zeros(2).device, (mg.ones(2) + 1).device)"
    assert run(code, MINIGRAD_DEVICE="strict").stdout.split() == ["strict", "strict"]
    code = "with mg.device('strict'): print(mg.zeros(2).device)\nprint(mg.zeros(2).device)"
    assert run(code, MINIGRAD_DEVICE="").stdout.split() == ["strict", "cpu"]


def test_an_unknown_device_in_the_environment_is_named() -> None:
    failed = run("mg.zeros(2)", MINIGRAD_DEVICE="tpu")
    assert failed.returncode != 0
    assert "unknown device 'tpu'" in failed.stderr
