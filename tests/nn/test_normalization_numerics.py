"""Layer norm and group norm where the plain formula loses digits, overflows, or leaves a dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.nn import functional as F
from minigrad.testing.strategies.arrays import seeds

Array = np.ndarray


def layer(x: Any, weight: Any = None, bias: Any = None) -> Any:
    return F.layer_norm(x, x.shape[1:], weight, bias)


def groups(x: Any, weight: Any = None, bias: Any = None) -> Any:
    return F.group_norm(x, 2, weight, bias)


def truth(x: Array, axes: tuple[int, ...], eps: float = 1e-5) -> Array:
    x = x.astype(np.float64)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def truth_of(norm: Any, x: Array) -> Array:
    if norm is layer:
        return truth(x, tuple(range(1, x.ndim)))
    return truth(x.reshape(x.shape[0], 2, -1), (2,)).reshape(x.shape)


norms = pytest.mark.parametrize("norm", [layer, groups])


@norms
@given(seed=seeds, offset=st.floats(-1e7, 1e7), size=st.sampled_from([3, 40, 3000]))
def test_an_offset_of_1e7_costs_float32_nothing(device, norm, seed, offset, size):
    rng = np.random.default_rng(seed)
    x = (offset + rng.standard_normal((2, 4, size))).astype(np.float32)
    y = norm(mg.asarray(x, device=device)).numpy()
    expected = truth_of(norm, x)
    # Five roundings of values within max|x_hat|.
    bound = 5 * np.finfo(np.float32).eps * max(1, np.max(np.abs(expected)))
    np.testing.assert_allclose(y, expected, rtol=0, atol=bound)


@norms
@given(value=st.floats(-(2.0**60), 2.0**60, width=32), size=st.sampled_from([1, 3, 3000]))
def test_constant_samples_give_exactly_the_bias(device, norm, value, size):
    x = mg.asarray(np.full((2, 4, size), value, np.float32), device=device)
    bias = mg.asarray(np.arange(4, dtype=np.float32), device=device)
    if norm is layer:
        bias = mg.broadcast_to(mg.expand_dims(bias, axis=1), (4, size))
    y = norm(x, None, bias).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(np.arange(4.0)[:, None], y.shape))


@norms
@given(seed=seeds, scale=st.floats(1, 6e4))
def test_float16_does_not_overflow_and_is_rounded_once(norm, seed, scale):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-scale, scale, (2, 4, 50)).astype(np.float16)
    weight, bias = (rng.uniform(0.5, 2, 4).astype(np.float32) for _ in range(2))
    wide = weight[:, None] * truth_of(norm, x) + bias[:, None]
    parameters = [mg.asarray(a) for a in (weight, bias)]
    if norm is layer:
        parameters = [mg.broadcast_to(mg.expand_dims(a, axis=1), (4, 50)) for a in parameters]
    leaf = mg.asarray(x, requires_grad=True)
    y = norm(leaf, *parameters)
    assert y.dtype == np.float16
    spacing = np.spacing(np.maximum(np.abs(wide), 2.0**-14).astype(np.float16)).astype(float)
    assert np.all(np.abs(y.detach().numpy() - wide) <= 0.51 * spacing + 1e-5)
    (dx,) = mg.autograd.grad(y, [leaf], mg.ones_like(y))
    assert dx.dtype == np.float16
    assert np.all(np.isfinite(dx.numpy()))
