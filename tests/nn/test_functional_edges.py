"""Numerical stability, kinks, empty inputs, and functions with draws of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.nn import functional as F
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import gradients, to_numpy, value
from minigrad.testing.oracles import from_torch, to_torch, torch, torch_derivatives
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import ROUNDINGS


def assert_each_close(actual: Any, expected: Any) -> None:
    """Each element within a few units of its own last place: a large one excuses no small one."""
    eps = ROUNDINGS * np.finfo(actual.dtype).eps
    np.testing.assert_allclose(actual, expected, rtol=eps, atol=eps)


HUGE = np.array([-1e30, -1e4, -800.0, -100.0, -30.0, 0.0, 30.0, 100.0, 800.0, 1e4, 1e30])


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name", ["relu", "leaky_relu", "gelu", "silu", "sigmoid", "softplus", "tanh"]
)
def test_activations_do_not_overflow(name: str, device: Any, dtype: str) -> None:
    x = HUGE.astype(dtype)
    u = np.linspace(-1, 2, x.size).astype(dtype)
    f, torch_f = getattr(F, name), getattr(torch.nn.functional, name)
    expected, (slope,), _ = torch_derivatives(torch_f, [x], [0], u)
    assert_each_close(value(f, [x], device), expected)
    assert_each_close(gradients(f, [x], [0], u, device)[0], slope)


@needs_torch
def test_gelu_with_tanh_is_finite_where_the_cube_is(device: Any) -> None:
    x = HUGE[1:-1]
    f = lambda x: F.gelu(x, "tanh")
    g = lambda x: torch.nn.functional.gelu(x, approximate="tanh")
    expected, (slope,), _ = torch_derivatives(g, [x], [0], np.ones_like(x) * 3)
    assert_each_close(value(f, [x], device), expected)
    assert_each_close(gradients(f, [x], [0], np.ones_like(x) * 3, device)[0], slope)


def test_sigmoid_keeps_its_relative_accuracy_where_it_is_small(device: Any) -> None:
    x = mg.asarray(np.array([-30.0, -80.0], dtype="float32"), device=device)
    np.testing.assert_allclose(to_numpy(F.sigmoid(x)), np.exp([-30.0, -80.0]), rtol=1e-5)


@needs_torch
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("scale", [1e2, 1e4, 1e30])
def test_cross_entropy_of_huge_logits(device: Any, scale: float, smoothing: float) -> None:
    x = np.array([[1.0, -1.0, 0.0], [0.5, 0.5, -1.0]]) * scale
    target = np.array([1, 2])
    f = lambda x, t: F.cross_entropy(x, t, label_smoothing=smoothing, reduction="none")
    g = lambda x, t: torch.nn.functional.cross_entropy(
        x, t, label_smoothing=smoothing, reduction="none"
    )
    u = np.array([1.5, -2.0])
    expected, (slope,), _ = torch_derivatives(g, [x, target], [0], u)
    assert np.isfinite(expected).all()
    assert_each_close(value(f, [x, target], device), expected)
    assert_each_close(gradients(f, [x, target], [0], u, device)[0], slope)


@needs_torch
def test_binary_cross_entropy_of_huge_logits(device: Any) -> None:
    target = np.linspace(0, 1, HUGE.size)
    f = lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none")
    g = lambda x, t: torch.nn.functional.binary_cross_entropy_with_logits(x, t, reduction="none")
    u = np.linspace(-1, 2, HUGE.size)
    expected, slopes, _ = torch_derivatives(g, [HUGE, target], [0, 1], u)
    assert_each_close(value(f, [HUGE, target], device), expected)
    found = gradients(f, [HUGE, target], [0, 1], u, device)
    for a, e in zip(found, slopes, strict=True):
        assert_each_close(a, e)


def test_impossible_classes_cost_nothing_unless_they_are_true(device: Any) -> None:
    log_p = mg.asarray([[-math.inf, 0.0], [0.0, -math.inf]], device=device, requires_grad=True)
    loss = F.nll_loss(log_p, mg.asarray([1, 0], device=device))
    loss.backward(3.0)
    assert loss.item() == 0.0
    np.testing.assert_array_equal(log_p.grad.numpy(), [[0, -1.5], [-1.5, 0]])


def test_relu_has_no_slope_at_zero_and_the_first_maximum_of_a_window_wins(device: Any) -> None:
    x = np.zeros((1, 1, 2, 2))
    u = np.full((1, 1, 2, 2), 5.0)
    assert not gradients(F.relu, [x], [0], u, device)[0].any()
    (g,) = gradients(lambda x: F.max_pool2d(x, 2), [x], [0], np.full((1, 1, 1, 1), 5.0), device)
    np.testing.assert_array_equal(g, [[[[5, 0], [0, 0]]]])


@needs_torch
def test_max_pool_hands_on_nan_and_pads_with_less_than_anything(device: Any) -> None:
    x = np.full((1, 1, 4, 4), -1e30)
    x[0, 0, 1, 1], x[0, 0, 2, 3], x[0, 0, 3, 3] = np.nan, -np.inf, np.inf
    f = lambda x: F.max_pool2d(x, 2, 1, 1)
    g = lambda x: torch.nn.functional.max_pool2d(x, 2, 1, 1)
    u = np.arange(25.0).reshape(1, 1, 5, 5)
    expected, (slope,), _ = torch_derivatives(g, [x], [0], u)
    np.testing.assert_array_equal(value(f, [x], device), expected)
    np.testing.assert_array_equal(gradients(f, [x], [0], u, device)[0], slope)


def test_a_mean_of_no_losses_is_nan(device: Any) -> None:
    target = mg.asarray([-100, -100], device=device)
    assert math.isnan(F.cross_entropy(mg.ones((2, 3), device=device), target).item())
    assert math.isnan(F.mse_loss(mg.ones(0, device=device), mg.ones(0, device=device)).item())
    nothing = F.cross_entropy(mg.ones((2, 3), device=device), target, reduction="sum")
    assert nothing.item() == 0


def test_empty_batches_pass_through(device: Any) -> None:
    x = mg.ones((0, 2, 4, 4), device=device, requires_grad=True)
    weight = mg.ones((3, 2, 3, 3), device=device, requires_grad=True)
    y = F.max_pool2d(F.relu(F.conv2d(x, weight)), 2)
    assert y.shape == (0, 3, 1, 1)
    y.backward(mg.ones(y.shape, device=device))
    assert x.grad.shape == x.shape and not weight.grad.numpy().any()
    index = mg.asarray(np.zeros((0, 2), dtype="int64"), device=device)
    assert F.embedding(index, mg.ones((3, 4), device=device)).shape == (0, 2, 4)


@needs_torch
@examples(1)
@given(seed=seeds, classes=st.integers(1, 5), shape=st.lists(st.integers(1, 3), max_size=2))
def test_one_hot_equals_pytorchs(device: Any, seed: int, classes: int, shape: list[int]) -> None:
    labels = np.asarray(np.random.default_rng(seed).integers(0, classes, shape))
    for count in (-1, classes, classes + 2):
        found = F.one_hot(mg.asarray(labels, device=device), count)
        assert found.dtype == "int64"
        expected = torch.nn.functional.one_hot(to_torch(labels), count)
        np.testing.assert_array_equal(to_numpy(found), from_torch(expected))


@examples(1)
@given(p=st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), seed=seeds)
def test_dropout_scales_what_it_keeps(device: Any, p: float, seed: int) -> None:
    mg.random.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x = mg.asarray(rng.uniform(1, 2, (40, 50)), device=device, requires_grad=True)
    y = F.dropout(x, p)
    kept = to_numpy(y) != 0
    # Six standard deviations of a binomial count.
    assert abs(kept.mean() - (1 - p)) <= 6 * math.sqrt(p * (1 - p) / kept.size)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    np.testing.assert_allclose(to_numpy(y), np.where(kept, to_numpy(x) * scale, 0), rtol=1e-12)
    u = rng.standard_normal(x.shape)
    y.backward(mg.asarray(u, device=device))
    np.testing.assert_allclose(to_numpy(x.grad), np.where(kept, u * scale, 0), rtol=1e-12)
    assert F.dropout(x, p, training=False) is x


def test_dropout_follows_the_seed_and_is_equal_on_every_device(device: Any) -> None:
    def draw(seed: int, device: Any) -> Any:
        mg.random.manual_seed(seed)
        return to_numpy(F.dropout(mg.ones((5, 5), device=device)))

    np.testing.assert_array_equal(draw(1, device), draw(1, "cpu"))
    assert (draw(1, device) != draw(2, device)).any()


def test_mixed_dtypes_of_input_and_target(device: Any) -> None:
    x = mg.asarray(np.array([1.0, 2.0], dtype="float32"), device=device)
    loss = F.mse_loss(x, mg.asarray([0, 4], device=device))
    assert loss.dtype == "float32" and loss.item() == 2.5
