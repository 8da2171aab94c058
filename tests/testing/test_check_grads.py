"""`check_grads` passes what is right, and catches what is wrong with a text that names it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad import nn
from minigrad.extend import elementwise, primitive
from minigrad.testing import CheckFailure, check_adjoint, check_grads
from minigrad.testing import strategies as mst
from minigrad.testing.point import Point
from minigrad_bn import BatchNorm1d

wrong_factor = elementwise(
    "sine_wrong_factor", lambda xp, g, y, x: g * xp.cos(x) * 1.01, forward=lambda xp, x: xp.sin(x)
)
wrong_sign = elementwise(
    "product_wrong_sign",
    lambda xp, g, y, a, b: g * b,
    lambda xp, g, y, a, b: -g * a,
    forward=lambda xp, a, b: a * b,
)


def square_of_mean_vjp(xp: Any, g: Any, y: Any, residuals: Any, x: Any) -> Any:
    """Right at first order; at second order too, because residuals are rebuilt."""
    (mean,) = residuals
    return xp.broadcast_to(2 * g * mean / x.shape[0], x.shape)


def square_of_mean_forward(xp: Any, x: Any) -> Any:
    mean = xp.mean(x)
    return mean * mean, mean


square_of_mean = primitive(
    "square_of_mean", square_of_mean_vjp, forward=square_of_mean_forward, residuals=True
)


def constant_in_the_rule(x: mg.Tensor) -> mg.Tensor:
    """A cube whose gradient treats the square as a constant, as a detach would."""
    return x * (x * x).detach() + 2 * (x * x).detach() * (x - x.detach())


@given(mst.arrays())
def test_right_derivatives_pass_on_every_device(device: Any, x: Any) -> None:
    check_grads(mg.sin, x, device=device)
    check_grads(lambda a: a * mg.exp(-a), x, device=device)


@given(mst.broadcastable_arrays(2))
def test_right_derivatives_pass_at_third_order(xs: Any) -> None:
    check_grads(mg.multiply, *xs, order=3)


def test_containers_go_in_and_come_out() -> None:
    rng = np.random.default_rng(0)
    tree = {"x": rng.normal(size=3), "y": [rng.normal(size=3), 2]}
    check_grads(lambda d: {"a": d["x"] * d["y"][0], "b": (mg.sum(d["x"]) * d["y"][1],)}, tree)


def test_a_modules_parameters_are_inputs_and_its_state_is_put_back() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))
    bn = BatchNorm1d(3).double()
    before = {name: t.numpy() for name, t in bn.state_dict().items()}
    check_grads(bn, x)
    check_grads(nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Tanh()).double(), x)
    for name, t in bn.state_dict().items():
        np.testing.assert_array_equal(t.numpy(), before[name])


def test_a_module_with_a_wrong_parameter_gradient_is_caught_by_its_name() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(mg.tensor([2.0, 3.0], dtype="float64"))

        def forward(self, x: mg.Tensor) -> mg.Tensor:
            return wrong_sign(x, self.scale)

    with pytest.raises(CheckFailure, match="the gradient of parameter 'scale' is wrong"):
        check_grads(Scaled(), np.ones((3, 2)))


@pytest.mark.parametrize(
    ("f", "args", "text"),
    [
        (wrong_factor, 1, "order 1, reverse mode: the gradient of argument 0 is wrong"),
        (wrong_sign, 2, "order 1, reverse mode: the gradient of argument 1 is wrong"),
        (constant_in_the_rule, 1, "order 2"),
    ],
)
@given(seed=mst.seeds)
def test_wrong_derivatives_are_caught(f: Any, args: int, text: str, seed: int) -> None:
    xs = np.random.default_rng(seed).uniform(0.5, 1.5, (args, 3))
    with pytest.raises(CheckFailure, match=text):
        check_grads(f, *xs)


def test_the_forward_mode_alone_catches_a_wrong_factor() -> None:
    with pytest.raises(CheckFailure, match=r"order 1, forward mode: .* by finite differences"):
        check_grads(wrong_factor, np.array([0.5, 1.0]), modes=("fwd",))


def test_a_gradient_of_another_dtype_than_its_input_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pulled_back = Point.pulled_back
    monkeypatch.setattr(
        Point, "pulled_back", lambda *args: [g.astype("float32") for g in pulled_back(*args)]
    )
    with pytest.raises(CheckFailure, match=r"of argument 0 is \(2,\) float32, the input \(2,\) fl"):
        check_grads(mg.exp, np.array([0.5, 1.0]))


def test_residuals_pass_at_second_order() -> None:
    check_grads(lambda x: square_of_mean(x)[0], np.array([1.0, 2.0, 4.0]))


def test_a_failure_shows_both_jacobians_names_the_numeric_one_and_how_to_reproduce_it() -> None:
    with pytest.raises(CheckFailure) as failure:
        check_grads(wrong_factor, np.array([0.5, 1.0]), order=1, seed=7)
    text = str(failure.value)
    for part in ("minigrad", "by finite differences, good to", "numeric", "difference", "Jacobian"):
        assert part in text
    assert "check_grads(f, *args, order=1, modes=('rev', 'fwd'), seed=7)" in text
    np.testing.assert_array_equal(failure.value.arrays["argument 0"], [0.5, 1.0])


def test_a_subgradient_at_a_kink_passes_and_a_number_outside_does_not() -> None:
    x = np.array([0.0, 1.0, -2.0])
    check_grads(mg.abs, x, order=1)
    check_grads(mg.special.relu, x, order=1)
    leap = elementwise(
        "relu_with_a_leap",
        lambda xp, g, y, x: xp.where(x > 0, g, xp.where(x < 0, 0 * g, 1.5 * g)),
        forward=lambda xp, x: xp.maximum(x, 0),
    )
    with pytest.raises(CheckFailure, match=r"between .* for there is a kink"):
        check_grads(leap, x, order=1)


def test_the_second_order_at_a_kink_is_an_error_that_says_so() -> None:
    with pytest.raises(CheckFailure, match="the gradient of order 1 has a kink, a jump"):
        check_grads(mg.abs, np.array([0.0, 1.0]))


@given(mst.arrays(elements=mst.Domain(away=(0.0,))))
def test_next_to_a_kink_but_not_at_it_the_derivative_is_exact(x: Any) -> None:
    check_grads(mg.abs, x * 0.1)


@given(mst.arrays(dtype="float32"))
def test_the_step_follows_the_dtype(x: Any) -> None:
    check_grads(mg.tanh, x)
    with pytest.raises(CheckFailure):
        check_grads(wrong_sign, x.ravel()[:1] + np.float32(5), np.ones(1, np.float32))


@pytest.mark.parametrize(("dtype", "size"), [("float16", 5), ("float32", 5000)])
def test_a_coarse_dtype_or_a_long_sum_is_no_kink(dtype: str, size: int) -> None:
    """Where rounding bounds the difference, no smaller step is any better."""
    x = np.random.default_rng(0).uniform(-1, 1, size).astype(dtype)
    check_grads(mg.sin, x)
    wrong = elementwise(
        "sine_wrong_sign", lambda xp, g, y, x: -g * xp.cos(x), forward=lambda xp, x: xp.sin(x)
    )
    with pytest.raises(CheckFailure, match="the gradient of argument 0 is wrong"):
        check_grads(wrong, x[:1])


@given(mst.arrays(mst.shapes(1, 3)))
def test_the_adjoint_identity_holds_without_differences(x: Any) -> None:
    check_adjoint(lambda a: mg.cumulative_sum(mg.sin(a), axis=0), x)


def test_a_rule_that_is_not_linear_in_the_cotangent_breaks_the_identity() -> None:
    crooked = elementwise(
        "sine_crooked",
        lambda xp, g, y, x: g * g * xp.cos(x),
        forward=lambda xp, x: xp.sin(x),
    )
    with pytest.raises(CheckFailure, match=r"^check_adjoint, order 1: <u, J v>") as failure:
        check_adjoint(crooked, np.array([0.5, 1.0]), seed=3)
    assert "reproduce: check_adjoint(f, *args, seed=3), at" in str(failure.value)


def test_a_check_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="none of the arguments is floating"):
        check_grads(mg.abs, np.array([1, 2]))
    with pytest.raises(ValueError, match="returned no floating Tensor"):
        check_grads(mg.argmax, np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"modes are of \('rev', 'fwd'\), got \('sideways',\)"):
        check_grads(mg.exp, 1.0, modes=("sideways",))
    with pytest.raises(ValueError, match=r"modes .* got \(\)"):
        check_grads(mg.exp, 1.0, modes=())
    with pytest.raises(ValueError, match="order 0"):
        check_grads(mg.exp, 1.0, order=0)


@given(mst.arrays(dtype="complex128"))
def test_complex_arguments_have_derivatives_by_both_parts(z: Any) -> None:
    check_grads(lambda z: mg.exp(z) * mg.conj(z), z)
    check_grads(lambda z: mg.real(z * z), z)
