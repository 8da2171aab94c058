"""Differences know their own error, tolerances follow from arithmetic, oracles face the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.testing import (
    Tolerance,
    assert_close,
    assert_is_derivative,
    assert_within,
    compare,
    complex_step,
    directional,
    full_jacobian,
    ulp_difference,
)
from minigrad.testing import strategies as mst
from minigrad.testing.numeric import UnsettledError, step_for
from minigrad.testing.oracles import mpmath_reference, numpy_reference

points = st.floats(-2, 2)
directions = st.floats(0.5, 2)


@given(points, directions, st.sampled_from(["float64", "float32"]))
def test_the_error_of_a_difference_is_within_its_bound(x: float, v: float, dtype: str) -> None:
    point, along = np.array(x, dtype=dtype), np.array(v, dtype=dtype)
    for f, slope in (
        (np.sin, math.cos),
        (np.exp, math.exp),
        (np.arctan, lambda t: 1 / (1 + t * t)),
    ):
        found = directional(f, [point], [along])
        assert found.smooth
        assert abs(found.value - slope(float(point)) * float(along)) <= found.bound


def test_the_step_is_a_power_of_two_that_follows_the_dtype() -> None:
    steps = [step_for(dtype) for dtype in ("float64", "float32", "float16")]
    assert steps == sorted(steps)
    assert all(math.frexp(step)[0] == 0.5 for step in steps)


@given(directions)
def test_both_sides_of_a_kink_are_told_apart_and_every_number_between_is_allowed(v: float) -> None:
    found = directional(np.abs, [np.array(0.0)], [np.array(v)])
    assert not found.smooth
    assert found.allows(0.0)
    assert found.allows(v)
    assert not found.allows(1.01 * v)
    assert_is_derivative(-v, np.abs, [np.array(0.0)], [np.array(v)], "abs")
    with pytest.raises(AssertionError, match="no subgradient"):
        assert_is_derivative(1.5 * v, np.abs, [np.array(0.0)], [np.array(v)], "abs")


@given(st.floats(1e-4, 1e-2))
def test_a_kink_near_by_does_not_spoil_the_difference(x: float) -> None:
    found = directional(np.abs, [np.array(x)], [np.array(1.0)])
    assert found.smooth
    assert abs(found.value - 1) <= found.bound


def test_a_pole_and_a_jump_are_errors() -> None:
    for f in (lambda x: 1 / (x - 1e-8), lambda x: np.where(x > 0, 1.0, 0.0)):
        with pytest.raises(UnsettledError, match="a pole or a jump"):
            directional(f, [np.array(0.0)], [np.array(1.0)])


def test_integers_alone_have_no_differences() -> None:
    with pytest.raises(TypeError, match="none of the inputs is floating"):
        directional(np.abs, [np.array(1)], [np.array(1)])


@given(mst.arrays((2, 3)), mst.arrays((3,)))
def test_a_jacobian_is_that_of_the_linear_map(a: Any, x: Any) -> None:
    found, bound = full_jacobian(lambda x: a @ x, [x], 0, terms=3)
    assert_within(found, a, bound, "Jacobian")


@given(points, directions)
def test_the_complex_step_is_exact_to_rounding(x: float, v: float) -> None:
    found = complex_step(lambda z: np.exp(z) * np.sin(z), [np.array(x)], [np.array(v)])
    expected = math.exp(x) * (math.sin(x) + math.cos(x)) * v
    assert_close(found, expected, "complex step", terms=2, magnitude=2 * math.exp(x) * v)


def test_a_tolerance_explains_itself() -> None:
    text = str(Tolerance.derived("float32", 10, np.array([3.0]), condition=7.0))
    for part in ("32 roundings", "eps(float32)", "10 terms", "magnitude 3", "condition 7"):
        assert part in text
    with pytest.raises(TypeError, match="compare exactly"):
        Tolerance.derived("int64")
    with pytest.raises(AssertionError, match="10 terms"):
        assert_close(np.float32(1), np.float32(2), "x", terms=10)


@given(mst.arrays(dtype="float32"))
def test_neighbouring_numbers_are_one_unit_apart(x: Any) -> None:
    up = np.nextafter(x, np.float32(np.inf))
    assert np.all(ulp_difference(up, x) <= 1)
    assert np.all(ulp_difference(x, x) == 0)
    assert ulp_difference(np.nan, 1.0) == np.inf
    assert ulp_difference(np.nan, np.nan) == 0


def test_the_verdict_says_who_is_wrong() -> None:
    truth, off = np.array([1.0]), np.array([1.1])
    assert compare(truth, truth, truth).wrong == "neither"
    assert compare(off, truth, truth).wrong == "ours"
    assert compare(truth, off, truth).wrong == "the oracle"
    assert compare(off, off, truth).wrong == "both"
    assert compare(np.array([np.nan]), truth, truth).wrong == "ours"
    assert "the oracle by 0.1" in str(compare(truth, off, truth))
    with pytest.raises(ValueError, match=r"shapes \(1,\) \(ours\)"):
        compare(truth, np.ones(2), np.ones(2))


def test_a_variance_by_the_difference_of_squares_is_found_wrong_by_float64() -> None:
    """What a float32 oracle of the same kind would have called right."""
    x = (np.arange(64) % 7 + 1e4).astype(np.float32)
    one_pass = lambda x: np.mean(x * x) - np.mean(x) ** 2
    truth = numpy_reference(np.var)(x)
    assert compare(one_pass(x), np.var(x), truth, terms=x.size).wrong == "ours"


def test_mpmath_gives_what_float64_cannot() -> None:
    pytest.importorskip("mpmath", reason="mpmath, the oracle, is not installed")
    reference = mpmath_reference(lambda mp, x: (mp.exp(x) - 1) / x)
    x = np.array([1e-12, 1.0])
    assert_close(reference(x), np.expm1(x) / x, "(exp(x) - 1) / x")
    assert not np.allclose(reference(x), (np.exp(x) - 1) / x, rtol=1e-9)
