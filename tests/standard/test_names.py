"""Every name of the standard is there, with the standard's parameters: names, kinds, defaults."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg

from .reference import (
    all_dtypes,
    array_members,
    constants,
    functions,
    namespace_of,
    parameters,
    strict,
)

ours_may_add = {("requires_grad", "KEYWORD_ONLY", False)}
"""A keyword that the standard does not have, at the end of creation functions."""

strict_differs = {
    ("Tensor", "to_device"): [
        ("self", "POSITIONAL_OR_KEYWORD", object),
        ("device", "POSITIONAL_ONLY", object),
        ("stream", "KEYWORD_ONLY", None),
    ],
}
"""Where array-api-strict itself departs from the standard, and what the standard says there."""

of_the_standard = list(functions())
counts = {"main": 134, "linalg": 23, "fft": 14}


def comparable(found: list[tuple[str, str, Any]]) -> list[tuple[str, str, str]]:
    """Parameters in a form that can be compared: a NaN is not equal to itself, nor `empty` here."""
    return [(name, kind, default_of(name, default)) for name, kind, default in found]


def default_of(name: str, default: Any) -> str:
    no_default = default is object or getattr(default, "__name__", "") == "_empty"
    return "required" if no_default else repr(default)


def positional(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """How `self` is marked makes no difference to a caller of a method."""
    return [(n, "POSITIONAL_ONLY" if n == "self" else kind, d) for n, kind, d in found]


def test_the_reference_is_as_large_as_the_standard() -> None:
    for place, count in counts.items():
        assert sum(p == place for p, _ in of_the_standard) == count
    assert len(array_members()) == 68


@pytest.mark.parametrize(("place", "name"), of_the_standard, ids=lambda part: part)
def test_a_function_has_the_parameters_of_the_standard(place: str, name: str) -> None:
    expected = comparable(parameters(getattr(namespace_of(place, strict), name)))
    found = parameters(getattr(namespace_of(place, mg), name))
    assert comparable([p for p in found if p not in ours_may_add]) == expected
    if place == "main":
        assert name in mg.__all__


@pytest.mark.parametrize("name", array_members())
def test_a_tensor_has_the_attributes_and_methods_of_the_standard(name: str) -> None:
    theirs = vars(strict._array_object.Array)[name]
    x = mg.ones((2, 2))
    assert hasattr(x, name)
    if callable(theirs):
        expected = strict_differs.get(("Tensor", name)) or parameters(theirs)
        found = parameters(getattr(mg.Tensor, name))
        assert positional(comparable(found)) == positional(comparable(expected))


def test_where_strict_differs_from_the_standard_it_still_does() -> None:
    """An entry that is no longer true has to go."""
    for (_, name), said in strict_differs.items():
        assert comparable(parameters(vars(strict._array_object.Array)[name])) != comparable(said)


@pytest.mark.parametrize("name", constants)
def test_the_constants_are_pythons_numbers(name: str) -> None:
    value, expected = getattr(mg, name), getattr(math, name, None)
    assert value == expected or (name == "nan" and math.isnan(value))
    assert type(value) is type(expected)


@pytest.mark.parametrize("name", all_dtypes)
def test_the_dtypes_are_attributes_and_equal_to_a_tensors(name: str, device: Any) -> None:
    dtype = getattr(mg, name)
    assert mg.zeros(2, dtype=dtype, device=device).dtype == dtype
    assert dtype != mg.float16
    assert dtype == np.dtype(name)
    assert name in mg.__all__


def test_the_version_and_the_namespace_of_a_tensor() -> None:
    assert mg.__array_api_version__ == "2024.12"
    x = mg.ones(2)
    for version in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
        assert x.__array_namespace__(api_version=version) is mg
    with pytest.raises(ValueError, match=r"array API version '2019\.12' is not supported"):
        x.__array_namespace__(api_version="2019.12")
