"""float16 accumulates in float32: where a sum in float16 would stand still, or overflow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import Tensor

EPS = float(np.finfo(np.float16).eps)
N = 4096
"""In float16 a running sum of ones stops growing at 2048."""


def half(values: object) -> Tensor:
    return mg.asarray(np.asarray(values, dtype=np.float16))


ones = half(np.ones((N, 2)))
large = half(np.full((N, 2), 30000.0))
signs = half(np.tile([[1.0], [-1.0]], (N // 2, 2)))
first_order = lambda f, x: mg.grad(lambda a: mg.sum(f(a)))(x)

cases: dict[str, tuple[Callable[[], Tensor], float]] = {
    "sum of columns": (lambda: mg.sum(ones, axis=0), N),
    "sum of rows": (lambda: mg.sum(mg.matrix_transpose(ones), axis=1), N),
    "sum of all": (lambda: mg.sum(ones), 2 * N),
    "mean stagnates": (lambda: mg.mean(ones, axis=0), 1),
    "mean overflows": (lambda: mg.mean(large), 30000),
    "mean of a few": (lambda: mg.mean(large[:3], axis=0), 30000),
    "variance stagnates": (lambda: mg.var(1 + signs, axis=0), 1),
    "variance overflows": (lambda: mg.var(150 * signs, axis=0), 22500),
    "deviation overflows": (lambda: mg.std(300 * signs, axis=0), 300),
    "running sum": (lambda: mg.cumulative_sum(ones, axis=0)[-1], N),
    "matmul": (lambda: mg.matmul(mg.matrix_transpose(ones), ones), N),
    "vecdot": (lambda: mg.vecdot(ones, ones, axis=0), N),
    "scatter": (lambda: mg.scatter_add(ones, np.zeros(N, dtype=int), (1, 2)), N),
    "gradient of un-broadcasting": (lambda: first_order(lambda b: ones * b, ones[:1]), N),
    "gradient of broadcast_to": (
        lambda: first_order(lambda b: mg.broadcast_to(b, ones.shape), ones[0]), N,
    ),
    "gradient of taking": (
        lambda: first_order(lambda b: b[np.zeros(N, dtype=int)], ones[:2]), N,
    ),
    "gradient of matmul": (lambda: first_order(lambda w: mg.matmul(ones, w), half(np.ones(2))), N),
}  # fmt: skip


@pytest.mark.parametrize("name", cases)
def test_float16_accumulates_in_float32(name: str) -> None:
    f, expected = cases[name]
    y = f()
    assert y.dtype == mg.float16
    found = y.numpy().astype(np.float64)
    if name == "gradient of taking":
        found, rest = found[0], found[1]
        np.testing.assert_array_equal(rest, 0)
    np.testing.assert_allclose(found, expected, rtol=EPS)


def test_softmax_of_many_halves_adds_up_to_one() -> None:
    y = mg.special.softmax(half(np.zeros(N)))
    np.testing.assert_allclose(y.numpy().astype(np.float64), 1 / N, rtol=EPS)


def test_halves_keep_their_dtype_through_derivatives_of_every_order() -> None:
    x = mg.asarray(np.array([0.5, 2.0], dtype=np.float16), requires_grad=True)
    y = mg.sum(mg.exp(x) * x)
    for _ in range(3):
        (g,) = mg.autograd.grad(y, x, create_graph=True)
        assert g.dtype == mg.float16
        y = mg.sum(g)


def test_strict_has_no_float16_and_says_so() -> None:
    with pytest.raises(TypeError, match="backend 'strict' has no dtype 'float16'; it has"):
        mg.ones(2, dtype=mg.float16, device="strict")
