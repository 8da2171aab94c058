"""The array object of the standard: operators, indexing, assignment, conversion to Python."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.strategies.indexing import index_expressions

from .entry import values
from .reference import BOOL, COMPLEX, FLOATS, INTS, UINTS, all_dtypes

integers = (*INTS, *UINTS)
numeric = (*integers, *FLOATS, *COMPLEX)
real = (*integers, *FLOATS)
scalar_of = {"b": True, "i": 2, "u": 2, "f": 2.5, "c": 2 + 1j}

binary = {
    "add": numeric, "sub": numeric, "mul": numeric, "truediv": (*FLOATS, *COMPLEX),
    "floordiv": real, "mod": real, "pow": numeric, "and": (*BOOL, *integers),
    "or": (*BOOL, *integers), "xor": (*BOOL, *integers), "lshift": integers, "rshift": integers,
    "matmul": numeric,
}  # fmt: skip
comparisons = {"eq": all_dtypes, "ne": all_dtypes, "lt": real, "le": real, "gt": real, "ge": real}
unary = {"neg": numeric, "pos": numeric, "abs": numeric, "invert": (*BOOL, *integers)}


def positive(rng: np.random.Generator, dtype: str) -> np.ndarray[Any, Any]:
    """Values that every operator takes: shifts and powers of integers are not negative."""
    return values(rng, (2, 2), dtype, 1, 3, special=0)


def function(name: str) -> Any:
    return getattr(operator, f"__{name}__")


def assert_equal(found: mg.Tensor, expected: Any, dtype: Any) -> None:
    """Up to a few units in the last place, which is where libraries compute otherwise."""
    expected = np.asarray(expected)
    assert found.dtype == expected.dtype
    eps = 0 if expected.dtype.kind not in "fc" else 32 * np.finfo(expected.dtype).eps
    np.testing.assert_allclose(found.numpy(), expected, rtol=eps, atol=0)


@pytest.mark.parametrize("name", binary)
@examples(0.1)
@given(seed=seeds)
def test_operators_reflected_and_in_place_ones_too_are_numpys(
    name: str, device: Any, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    for dtype in binary[name]:
        a, b = positive(rng, dtype), positive(rng, dtype)
        x, y = mg.asarray(a, device=device), mg.asarray(b, device=device)
        expected = function(name)(a, b)
        assert_equal(function(name)(x, y), expected, dtype)
        assert_equal(getattr(y, f"__r{name}__")(x), expected, dtype)
        rebound = x
        rebound = function(f"i{name}")(mg.asarray(x, copy=True), y)
        assert_equal(rebound, expected, dtype)
        np.testing.assert_array_equal(x.numpy(), a)
        if name != "matmul":
            scalar = scalar_of[a.dtype.kind]
            assert_equal(function(name)(x, scalar), function(name)(a, scalar), dtype)
            assert_equal(function(name)(scalar, x), function(name)(scalar, a), dtype)


@pytest.mark.parametrize("name", [*comparisons, *unary])
@examples(0.1)
@given(seed=seeds)
def test_comparisons_and_signs_are_numpys(name: str, device: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for dtype in {**comparisons, **unary}[name]:
        a = values(rng, (3,), dtype)
        x = mg.asarray(a, device=device)
        if name in unary:
            found, expected = function(name)(x), np.asarray(function(name)(a))
        else:
            b = values(rng, (2, 1), dtype)
            found = function(name)(x, mg.asarray(b, device=device))
            expected = function(name)(a, b)
            scalar = scalar_of[a.dtype.kind]
            np.testing.assert_array_equal(
                function(name)(x, scalar).numpy(), function(name)(a, scalar)
            )
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected)


@examples(3)
@given(data=st.data(), shape=shapes(0, 3), dtype=st.sampled_from(all_dtypes), seed=seeds)
def test_taking_and_assigning_are_numpys_for_every_key(
    device: Any, data: Any, shape: Any, dtype: str, seed: int
) -> None:
    a = values(np.random.default_rng(seed), shape, dtype)
    key = data.draw(
        index_expressions(shape, repeats=False) | st.sampled_from([True, False, (None, True), ...])
    )
    x = handle = mg.asarray(a, device=device)
    taken = np.asarray(a[key])
    found = x[key]
    assert (found.shape, found.dtype) == (taken.shape, a.dtype)
    np.testing.assert_array_equal(found.numpy(), taken)

    before = mg.asarray(x, copy=True)
    expected = np.array(a)
    value = taken[::-1] if taken.ndim else taken
    for v, w in ((value, mg.asarray(value, device=device)), (scalar_of[a.dtype.kind],) * 2):
        expected[key] = v
        x[key] = w
        assert (x.shape, x.dtype) == (a.shape, a.dtype)
        np.testing.assert_array_equal(x.numpy(), expected)
    assert handle is x
    np.testing.assert_array_equal(before.numpy(), a)


@pytest.mark.parametrize("kind", ["i", "f"])
def test_a_value_that_the_dtype_can_not_hold_is_not_cut_short(kind: str, device: Any) -> None:
    dtype, number = {"i": ("int64", 2.5), "f": ("float32", 1j)}[kind]
    x = mg.zeros(3, dtype=dtype, device=device)
    cut_short = rf": a value of \w+ would be cut short in a Tensor of {dtype}"
    for value in (number, mg.asarray(number, device=device)):
        with pytest.raises(TypeError, match="^index_set" + cut_short):
            x[0] = value
        with pytest.raises(TypeError, match=r"^at\[key\]\.add" + cut_short):
            x.at[0].add(value)
    assert x.tolist() == [0, 0, 0]
    x[0] = True
    x[1] = 2
    assert x.tolist() == [1, 2, 0]


def test_a_number_keeps_its_digits_on_the_way_into_a_wider_tensor(device: Any) -> None:
    x = mg.zeros(1, dtype=mg.float64, device=device)
    x[0] = 0.1
    assert x.tolist() == [0.1]


def test_shape_size_and_transposes(device: Any) -> None:
    x = mg.zeros((2, 0, 3), device=device)
    assert (x.shape, x.ndim, x.size, x.device) == ((2, 0, 3), 3, 0, device)
    assert type(x.shape) is tuple
    assert x.mT.shape == (2, 3, 0)
    assert mg.zeros((2, 3), device=device).T.shape == (3, 2)
    for wrong in ("T", "mT"):
        with pytest.raises(ValueError, match=r"\(2,\)"):
            getattr(mg.zeros(2, device=device), wrong)
    with pytest.raises(ValueError, match="permute_dims"):
        _ = x.T


def test_a_tensor_of_one_element_is_a_python_number(device: Any) -> None:
    make = lambda value: mg.asarray(value, device=device)
    assert (int(make(-2)), float(make(1.5)), complex(make(2j)), bool(make(3))) == (
        -2,
        1.5,
        2j,
        True,
    )
    assert [1, 2, 3][make(1)] == 2
    for bad in (make(1.0), make([1]), make(True)):
        with pytest.raises(TypeError, match="is no index"):
            operator.index(bad)
    with pytest.raises(TypeError):
        float(make(1j))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(make([1, 2]))
    with pytest.raises(ValueError, match="has not one element"):
        float(make([1.0, 2.0]))
