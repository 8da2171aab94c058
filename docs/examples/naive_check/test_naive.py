"""The check that most tutorials show: the gradient of a sum, at one element, roughly."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad_bn import BatchNorm1d

rng = np.random.default_rng(0)

FUNCTIONS = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "square": lambda x, y: mg.square(x),
    "sqrt": lambda x, y: mg.sqrt(x),
    "exp": lambda x, y: mg.exp(x),
    "expm1": lambda x, y: mg.expm1(x),
    "log2": lambda x, y: mg.log2(x),
    "cos": lambda x, y: mg.cos(x),
    "tanh": lambda x, y: mg.tanh(x),
    "pow": lambda x, y: x**y,
    "maximum": lambda x, y: mg.maximum(x, y),
    "where": lambda x, y: mg.where(x > y, x, y),
    "remainder": lambda x, y: x % y,
    "hypot": lambda x, y: mg.hypot(x, y),
    "clip": lambda x, y: mg.clip(x, 1.0, 2.0),
    "mean": lambda x, y: mg.mean(x, axis=0),
    "var": lambda x, y: mg.var(x, axis=0),
    "std": lambda x, y: mg.std(x, axis=0),
    "max": lambda x, y: mg.max(x, axis=0),
    "prod": lambda x, y: mg.prod(x, axis=0),
    "cumulative_sum": lambda x, y: mg.cumulative_sum(x, axis=0),
    "softmax": lambda x, y: mg.special.softmax(x, axis=0),
    "log_softmax": lambda x, y: mg.special.log_softmax(x, axis=0),
}


def check(f, *arrays):
    """Compare one random element of the gradient of sum(f) with a central difference."""
    inputs = [mg.tensor(a, requires_grad=True) for a in arrays]
    mg.sum(f(*inputs)).backward()
    i = tuple(rng.integers(n) for n in arrays[0].shape)
    step = np.zeros_like(arrays[0])
    step[i] = 1e-6
    above, below = (mg.sum(f(*map(mg.tensor, (a, *arrays[1:])))).item()
                    for a in (arrays[0] + step, arrays[0] - step))  # fmt: skip
    # As rough as such checks are: this file shows how many wrong rules they let pass.
    assert np.isclose(inputs[0].grad.numpy()[i], (above - below) / 2e-6, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operation(name):
    check(FUNCTIONS[name], rng.uniform(0.5, 2.5, (3, 4)), rng.uniform(0.5, 2.5, (3, 4)))


def test_batch_norm():
    layer = BatchNorm1d(4, dtype=mg.float64)
    check(layer, rng.normal(size=(8, 4)))


def test_batch_norm_normalises():
    y = BatchNorm1d(4)(mg.tensor(rng.normal(size=(64, 4)).astype("float32"))).detach().numpy()
    # Rough for the same reason; minigrad_bn's own tests derive their tolerances.
    assert np.allclose(y.mean(axis=0), 0, atol=1e-2) and np.allclose(y.std(axis=0), 1, atol=1e-2)
