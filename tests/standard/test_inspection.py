"""What the namespace says about itself: capabilities, devices, dtypes and their limits."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import minigrad as mg

from .reference import COMPLEX, FLOATS, INTS, UINTS, all_dtypes, dtype_name, strict

kinds = {
    "bool": ("bool",),
    "signed integer": INTS,
    "unsigned integer": UINTS,
    "integral": (*INTS, *UINTS),
    "real floating": FLOATS,
    "complex floating": COMPLEX,
    "numeric": tuple(name for name in all_dtypes if name != "bool"),
}
scalars = {"bool": True, "integral": 1, "real floating": 1.0, "complex floating": 1j}


@pytest.mark.parametrize("kind", kinds)
def test_dtypes_are_listed_by_kind(kind: str, device: Any) -> None:
    info = mg.__array_namespace_info__()
    assert tuple(info.dtypes(device=device, kind=kind)) == kinds[kind]
    assert tuple(info.dtypes(device=device, kind=(kind, "bool"))) == (
        kinds[kind] if kind == "bool" else ("bool", *kinds[kind])
    )
    assert info.dtypes(device=device) == {name: np.dtype(name) for name in all_dtypes}
    for name in all_dtypes:
        assert mg.isdtype(getattr(mg, name), kind) is (name in kinds[kind])
        assert mg.isdtype(np.dtype(name), (kind, mg.bool)) is (name in (*kinds[kind], "bool"))
        assert mg.isdtype(np.dtype(name), np.dtype(name))


def test_a_device_lists_the_dtypes_that_it_has() -> None:
    found = mg.__array_namespace_info__().dtypes(device="strict:no_float64", kind="real floating")
    assert found == {"float32": mg.float32}


def test_the_namespace_tells_capabilities_and_devices(device: Any) -> None:
    info = mg.__array_namespace_info__()
    assert info.capabilities() == {
        "boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64,
    }  # fmt: skip
    assert device in info.devices()
    for place in info.devices():
        assert mg.zeros(2, dtype=mg.int8, device=place).device is place
    assert info.default_device() == "cpu"
    with device:
        assert info.default_device() is device
        assert mg.zeros(2).device is device


@pytest.mark.parametrize("name", [*FLOATS, *COMPLEX])
def test_limits_of_floats_are_python_numbers(name: str) -> None:
    expected = strict.finfo(getattr(strict, name))
    for found in (mg.finfo(getattr(mg, name)), mg.finfo(mg.zeros(2, dtype=name))):
        for limit in ("eps", "max", "min", "smallest_normal"):
            assert getattr(found, limit) == getattr(expected, limit)
            assert type(getattr(found, limit)) is float
        assert found.bits == expected.bits
        assert found.dtype.name == dtype_name(expected.dtype)
    with pytest.raises(TypeError, match=f"^iinfo: {name} is no integer dtype; use mg.finfo"):
        mg.iinfo(np.dtype(name))


@pytest.mark.parametrize("name", [*INTS, *UINTS])
def test_limits_of_integers_are_python_numbers(name: str) -> None:
    expected = strict.iinfo(getattr(strict, name))
    for found in (mg.iinfo(getattr(mg, name)), mg.iinfo(mg.zeros(2, dtype=name))):
        assert (found.bits, found.max, found.min) == (expected.bits, expected.max, expected.min)
        assert {type(found.bits), type(found.max), type(found.min)} == {int}
        assert found.dtype == name
    with pytest.raises(TypeError, match=f"^finfo: {name} is no floating dtype; use mg.iinfo"):
        mg.finfo(np.dtype(name))


@pytest.mark.parametrize("one", all_dtypes)
def test_result_type_is_the_standards_and_what_operations_give(one: str, device: Any) -> None:
    for other in all_dtypes:
        a, b = (mg.ones(2, dtype=name, device=device) for name in (one, other))
        found = mg.result_type(a, np.dtype(other))
        assert found == mg.result_type(np.dtype(one), b, a)
        try:
            expected = strict.result_type(getattr(strict, one), getattr(strict, other))
        except TypeError:
            if mg.isdtype(a.dtype, "numeric") and mg.isdtype(b.dtype, "numeric"):
                among_integers = {a.dtype.kind, b.dtype.kind} <= set("iu")
                if not among_integers:  # of a float and an integer, the float stays as it is
                    assert found == (a + b).dtype == (a if a.dtype.kind in "fc" else b).dtype
            continue
        assert found.name == dtype_name(expected)
        if "bool" not in (one, other):
            assert (a + b).dtype == found
        assert mg.can_cast(a, found) and mg.can_cast(np.dtype(other), found)


@pytest.mark.parametrize("name", all_dtypes)
def test_python_numbers_are_weak_in_result_type_as_in_operations(name: str, device: Any) -> None:
    x = mg.ones(2, dtype=name, device=device)
    for kind, scalar in scalars.items():
        if name != "bool" and kind != "bool":
            assert mg.result_type(x, scalar) == (x + scalar).dtype, (name, scalar)
        try:
            expected = strict.result_type(getattr(strict, name), scalar)
        except TypeError:
            continue
        assert mg.result_type(x, scalar).name == dtype_name(expected)


def test_casts_that_lose_values_are_no_casts() -> None:
    for one, other in itertools.product(all_dtypes, all_dtypes):
        a, b = (strict.__dict__[name] for name in (one, other))
        if strict.can_cast(a, b):
            assert mg.can_cast(np.dtype(one), np.dtype(other))
    for one, other in [("float64", "float32"), ("complex64", "float64"), ("int8", "uint8"),
                       ("uint16", "int16"), ("float32", "int64"), ("int64", "int32")]:  # fmt: skip
        assert not mg.can_cast(np.dtype(one), np.dtype(other))
        assert not mg.can_cast(mg.zeros(2, dtype=one), np.dtype(other))
    with pytest.raises(TypeError, match=r"^astype: complex64 to float32 would lose a part"):
        mg.astype(mg.ones(2, dtype=mg.complex64), mg.float32)
    with pytest.raises(ValueError, match=r"^result_type: expected at least one Tensor or dtype"):
        mg.result_type(1, 2.0)
