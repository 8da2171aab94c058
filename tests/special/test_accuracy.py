"""The special functions against mpmath: docs/special.md states the bound, these tests hold it."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.strategies.arrays import seeds

from .truth import Function, functions, logarithmic, ndtr

BOUND = 4
"""In units of eps, relative to the true value, for all functions but a few."""

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
every_function = pytest.mark.parametrize("function", functions, ids=str)


def worst_error(actual: Any, xs: Any, true: Any) -> tuple[float, float]:
    """The largest relative error in units of eps, and where it is."""
    with mp.workdps(40):
        limits = np.finfo(actual.dtype)
        errors = [(0.0, 0.0)]
        for x, y in zip(xs, actual, strict=True):
            expected = true(mp.mpf(float(x)))
            if limits.tiny <= abs(expected) <= limits.max:
                error = abs(mp.mpf(float(y)) / expected - 1) / float(limits.eps)
                errors.append((float(error), float(x)))
        return max(errors)


@every_function
@dtypes
@examples(0.1)
@given(seed=seeds)
def test_values_are_within_the_bound_over_the_whole_domain(
    function: Function, dtype: str, device: Any, seed: int
) -> None:
    xs = np.array(function.points(np.random.default_rng(seed))).astype(dtype)
    xs = xs[(np.abs(xs) < np.finfo(dtype).max) & (xs != 0)]
    y = function.call(mg.asarray(xs, device=device))
    assert y.dtype == dtype
    error, x = worst_error(y.numpy(), xs, function.true)
    assert error <= function.bound, f"{function}({x!r}) is off by {error:.3g} eps"


@dtypes
def test_the_tail_of_the_normal_distribution_has_an_exact_slope(dtype: str, device: Any) -> None:
    """Density over probability grows as -x; its own derivative tends to -1."""
    xs = -np.array([1e-3, 0.5, 1.0, 5.0, 5.7, 30.0, 1e3, 1e4, 1e6]).astype(dtype)
    slope = mg.grad(lambda x: mg.sum(mg.special.log_ndtr(x)))
    density = lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)

    def true_slope(x: Any) -> Any:
        if x > -100:
            return density(x) / ndtr(x)
        t = 1 / (x * x)  # the asymptotic series of Mills' ratio
        return -x / (1 - t + 3 * t**2 - 15 * t**3 + 105 * t**4)

    def true_curve(x: Any) -> Any:
        return -true_slope(x) * (x + true_slope(x))

    x = mg.asarray(xs, device=device)
    assert worst_error(slope(x).numpy(), xs, true_slope)[0] <= 2 * BOUND
    curve = mg.grad(lambda x: mg.sum(slope(x)))(x).numpy()
    assert worst_error(curve, xs, true_curve)[0] <= 100 * BOUND  # 2xy - 2/√π cancels up to x = 4


def test_gammaln_can_be_differentiated_to_any_order(device: Any) -> None:
    """digamma, then polygamma of order 1, 2, 3."""
    xs = np.array([*logarithmic(1e-2, 20)(np.random.default_rng(0)), -0.5, -1.7, -2.2])
    x = mg.asarray(xs, device=device)
    f = lambda x: mg.special.gammaln(x)
    for order, true in enumerate([mp.digamma, *(lambda x, n=n: mp.polygamma(n, x)
                                                for n in (1, 2, 3))], start=1):  # fmt: skip
        f = mg.grad(lambda x, f=f: mg.sum(f(x)))
        right, left = f(x).numpy()[:-3], f(x).numpy()[-3:]
        assert worst_error(right, xs[:-3], true)[0] <= BOUND, f"derivative {order}"
        assert worst_error(left, xs[-3:], true)[0] <= 10 * BOUND, f"derivative {order}"


def test_digamma_and_gammaln_follow_their_reflections_below_zero(device: Any) -> None:
    """Near their zeros there the error is that of the terms that cancel."""
    xs = -np.random.default_rng(0).uniform(0.01, 30, 40)
    for name, true in (("gammaln", lambda x: mp.re(mp.loggamma(x))), ("digamma", mp.digamma)):
        y = getattr(mg.special, name)(mg.asarray(xs, device=device)).numpy()
        for x, actual in zip(xs, y, strict=True):
            expected = float(true(mp.mpf(x)))
            assert abs(actual - expected) <= 1e-13 * max(1, abs(expected)), f"{name}({x})"
