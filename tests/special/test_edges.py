"""The special functions at 0, at infinity, at their poles, of NaN, and outside their domains."""

from __future__ import annotations

from math import inf, nan, pi
from typing import Any

import numpy as np
import pytest

import minigrad as mg

edges = {
    "erf": {-inf: -1, 0.0: 0, inf: 1},
    "erfc": {-inf: 2, 0.0: 1, inf: 0, 100.0: 0},
    "erfcx": {-inf: inf, 0.0: 1, inf: 0, -50.0: inf},
    "erfinv": {-1.0: -inf, 0.0: 0, 1.0: inf, 1.5: nan, -2.0: nan},
    "ndtr": {-inf: 0, 0.0: 0.5, inf: 1},
    "log_ndtr": {-inf: -inf, inf: 0},
    "ndtri": {0.0: -inf, 0.5: 0, 1.0: inf, -0.1: nan, 1.1: nan},
    "expit": {-inf: 0, 0.0: 0.5, inf: 1},
    "log_expit": {-inf: -inf, inf: 0},
    "logit": {0.0: -inf, 0.5: 0, 1.0: inf, -0.1: nan, 1.1: nan},
    "softplus": {-inf: 0, inf: inf},
    "gammaln": {-inf: inf, -3.0: inf, 0.0: inf, 1.0: 0, 2.0: 0, inf: inf},
    "digamma": {-inf: nan, -3.0: nan, 0.0: -inf, inf: inf},
    "sinc": {0.0: 1, 1.0: 0, -2.0: 0, inf: nan},
    "i0": {-inf: inf, 0.0: 1, inf: inf},
    "i1": {-inf: -inf, 0.0: 0, inf: inf},
    "i0e": {-inf: 0, 0.0: 1, inf: 0},
    "i1e": {-inf: 0, 0.0: 0, inf: 0},
    "entr": {-1.0: -inf, 0.0: 0, 1.0: 0, inf: -inf},
}
edges_of_two = {
    "xlogy": {(0, 0): 0, (0, -1): 0, (0, inf): nan, (0, nan): nan, (nan, 0): nan, (2, 0): -inf,
              (2, -1): nan},
    "xlog1py": {(0, -1): 0, (0, -2): 0, (0, nan): nan, (2, -1): -inf, (2, -3): nan},
    "rel_entr": {(0, 0): 0, (0, 2): 0, (0, -1): inf, (2, 0): inf, (-1, 2): inf, (nan, 1): nan,
                 (1, nan): nan, (1, inf): -inf},
    "kl_div": {(0, 0): 0, (0, 2): 2, (0, -1): inf, (2, 0): inf, (-1, 2): inf, (3, 3): 0,
               (nan, 1): nan},
}  # fmt: skip
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


@pytest.mark.parametrize("name", edges)
@dtypes
def test_values_at_the_edges(name: str, dtype: str, device: Any) -> None:
    points = {**edges[name], nan: nan}
    y = getattr(mg.special, name)(mg.tensor([*points], dtype=dtype, device=device))
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.numpy(), [*points.values()])


@pytest.mark.parametrize("name", edges_of_two)
@dtypes
def test_values_of_two_arguments_at_the_edges(name: str, dtype: str, device: Any) -> None:
    points = edges_of_two[name]
    make = lambda values: mg.tensor([float(v) for v in values], dtype=dtype, device=device)
    y = getattr(mg.special, name)(*map(make, zip(*points, strict=True)))
    np.testing.assert_array_equal(y.numpy(), [*points.values()])


@dtypes
def test_polygamma_at_its_poles_and_at_infinity(dtype: str, device: Any) -> None:
    x = mg.tensor([-2.0, -0.0, 0.0, inf, nan], dtype=dtype, device=device)
    odd, even = (mg.special.polygamma(n, x).tolist() for n in (3, 2))
    np.testing.assert_array_equal(odd, [inf, inf, inf, 0, nan])
    np.testing.assert_array_equal(even, [-inf, -inf, -inf, 0, nan])


def test_the_pole_of_digamma_at_0_knows_its_side(device: Any) -> None:
    x = mg.tensor([-0.0, 0.0], device=device)
    assert mg.special.digamma(x).tolist() == [inf, -inf]


def test_polygamma_of_order_0_is_digamma_and_an_order_may_be_a_0d_tensor(device: Any) -> None:
    x = mg.tensor([0.5, 2.0], dtype=mg.float64, device=device)
    np.testing.assert_array_equal(mg.special.polygamma(0, x).numpy(), mg.special.digamma(x).numpy())
    order = mg.asarray(1, dtype=mg.int64)
    np.testing.assert_allclose(mg.special.polygamma(order, x)[0].item(), pi**2 / 2, rtol=1e-15)
    assert mg.special.psi is mg.special.digamma


def test_sinc_has_every_derivative_at_0(device: Any) -> None:
    """1, 0, -π²/3, 0, π⁴/5."""
    x, f, found = mg.tensor(0.0, dtype=mg.float64, device=device), mg.special.sinc, []
    for _ in range(5):
        found.append(f(x).item())
        f = mg.grad(f)
    np.testing.assert_allclose(found, [1, 0, -(pi**2) / 3, 0, pi**4 / 5], rtol=1e-14)


def test_the_bessel_functions_have_every_derivative_at_0(device: Any) -> None:
    """The derivatives of I0 at 0: 1, 0, 1/2, 0, 3/8, 0, 5/16."""
    x, f, found = mg.tensor(0.0, dtype=mg.float64, device=device), mg.special.i0, []
    for _ in range(7):
        found.append(f(x).item())
        f = mg.grad(f)
    np.testing.assert_allclose(found, [1, 0, 1 / 2, 0, 3 / 8, 0, 5 / 16], rtol=1e-14)


def test_integers_become_the_default_floating_dtype(device: Any) -> None:
    x = mg.asarray([1, 2], dtype=mg.int64, device=device)
    for f in (mg.special.gammaln, mg.special.ndtr, mg.special.entr, mg.special.logit):
        assert f(x).dtype == mg.float32
    assert mg.special.xlogy(x, x).dtype == mg.float32


def test_log_ndtr_has_a_slope_where_ndtr_is_1(device: Any) -> None:
    """Far to the right the slope vanishes, to any order, and is never nan."""
    x = mg.tensor([3.0, 40.0, 1e4], dtype=mg.float64, device=device)
    slope = mg.grad(lambda x: mg.sum(mg.special.log_ndtr(x)))
    curve = mg.grad(lambda x: mg.sum(slope(x)))
    assert slope(x).tolist()[1:] == [0, 0]
    assert curve(x).tolist()[1:] == [0, 0]


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shift", [1e4, -1e4])
@dtypes
def test_softmax_of_shifted_values_is_the_same_and_neither_overflows_nor_vanishes(
    name: str, shift: float, dtype: str, device: Any
) -> None:
    """Sums of small integers and 1e4 are exact, so that not a bit may differ."""
    f = getattr(mg.special, name)
    near = mg.tensor([[0.0, 1.0, -2.0], [3.0, 3.0, 1.0]], dtype=dtype, device=device)
    g = mg.tensor([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]], dtype=dtype, device=device)
    (y, pull), (far, pull_far) = (mg.vjp(f, x) for x in (near, near + shift))
    assert np.all(np.isfinite(y.numpy()))
    np.testing.assert_array_equal(far.numpy(), y.numpy())
    np.testing.assert_array_equal(pull_far(g)[0].numpy(), pull(g)[0].numpy())
