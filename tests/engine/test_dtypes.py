"""float32 stays float32: Python and NumPy scalars are weak, integers do not widen, halves add up."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
import pytest

import minigrad as mg

floats = ["float32", "float64"]


class Level(enum.IntEnum):
    HIGH = 2


@pytest.mark.parametrize("dtype", floats)
@pytest.mark.parametrize(
    "scalar",
    [2, 2.0, np.float64(2.0), np.float32(2.0), np.int64(2), Level.HIGH],
    ids=lambda s: f"{type(s).__name__}",
)
def test_scalars_are_weak(device: Any, dtype: str, scalar: Any) -> None:
    x = mg.ones(3, dtype=dtype, device=device, requires_grad=True)
    for y in (x + scalar, scalar + x, x * scalar, scalar / x, x**scalar, mg.maximum(x, scalar)):
        assert y.dtype == dtype
    (x * scalar + scalar).sum().backward()
    assert x.grad.dtype == dtype


def test_where_and_clip_take_weak_scalars(device: Any) -> None:
    x = mg.ones(3, device=device, requires_grad=True)
    c = x > 0
    assert mg.where(c, x, 0.0).dtype == mg.float32
    assert mg.where(c, 0, x).dtype == mg.float32
    assert mg.where(c, 1.0, 0.0).dtype == mg.float32
    assert mg.where(c, 1, 0).dtype.kind == "i"
    assert mg.clip(x, 0, 0.5).dtype == mg.float32


@pytest.mark.parametrize("integer", ["int8", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("dtype", floats)
def test_an_integer_tensor_beside_a_float_does_not_widen_it(
    device: Any, integer: str, dtype: str
) -> None:
    x = mg.ones(3, dtype=dtype, device=device, requires_grad=True)
    n = mg.ones(3, dtype=integer, device=device)
    for y in (x + n, n + x, n * x, n / x, x**n, mg.where(x > 0, x, n), mg.matmul(x, n)):
        assert y.dtype == dtype
    mg.sum(n * x + x / n).backward()
    assert x.grad.dtype == dtype
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2, 2])


def test_integers_alone_become_the_default_where_the_result_is_no_integer(device: Any) -> None:
    n = mg.arange(1, 4, device=device)
    for y in (n / n, mg.exp(n), mg.sqrt(n), n + 0.5, mg.mean(n), mg.var(n), mg.special.softmax(n)):
        assert y.dtype == mg.float32
    for y in (n + n, n * 2, n // 2, mg.sum(n), mg.max(n)):
        assert y.dtype.kind == "i"


def test_two_floats_give_the_wider(device: Any) -> None:
    x = mg.ones(2, dtype=mg.float32, device=device, requires_grad=True)
    y = mg.ones(2, dtype=mg.float64, device=device, requires_grad=True)
    z = x * y
    assert z.dtype == mg.float64
    mg.sum(z).backward()
    assert x.grad.dtype == mg.float32
    assert y.grad.dtype == mg.float64
    assert mg.result_type(x, mg.int64) == mg.float32
    assert mg.concat([x, y]).dtype == mg.float64


def test_an_array_handed_in_keeps_its_dtype_and_python_numbers_take_the_default(
    device: Any,
) -> None:
    assert mg.asarray(np.ones(2), device=device).dtype == mg.float64
    assert mg.tensor([1.0], device=device).dtype == mg.float32
    assert mg.tensor([1], device=device).dtype.kind == "i"
    assert mg.tensor([True], device=device).dtype == mg.bool
    assert mg.tensor(np.float64(1.0), device=device).dtype == mg.float64


halves = mg.ones((4096, 2), dtype=mg.float16, device="cpu")


@pytest.mark.parametrize(
    ("name", "f", "expected"),
    [
        ("sum of columns", lambda x: mg.sum(x, axis=0), 4096.0),
        ("sum of rows", lambda x: mg.sum(mg.matrix_transpose(x), axis=1), 4096.0),
        ("mean", lambda x: mg.mean(x, axis=0), 1.0),
        ("matmul", lambda x: mg.matmul(mg.matrix_transpose(x), x)[0], 4096.0),
        ("running sum", lambda x: mg.cumulative_sum(x, axis=0)[-1], 4096.0),
        ("variance", lambda x: mg.var(2 * x + mg.asarray([[1.0], [-1.0]] * 2048, dtype=mg.float16),
                                      axis=0), 1.0),
        ("un-broadcasting", lambda x: mg.grad(lambda b: mg.sum(x * b))(x[:1])[0], 4096.0),
        ("broadcast_to", lambda x: mg.grad(lambda b: mg.sum(mg.broadcast_to(b, x.shape)))(x[0]),
         4096.0),
        ("scattering", lambda x: mg.scatter_add(x, np.zeros(4096, dtype=int), (1, 2))[0], 4096.0),
    ],
)  # fmt: skip
def test_float16_accumulates_in_float32(name: str, f: Any, expected: float) -> None:
    """In float16 a sum of ones stops growing at 2048."""
    y = f(halves)
    assert y.dtype == mg.float16
    np.testing.assert_allclose(y.numpy().astype(np.float64), expected, rtol=2e-3)


def test_strict_has_no_float16_and_says_so() -> None:
    with pytest.raises(TypeError, match="backend 'strict' has no dtype 'float16'"):
        mg.ones(2, dtype=mg.float16, device="strict")


def test_a_cast_passes_the_gradient_between_floats_and_ends_it_at_integers(device: Any) -> None:
    x = mg.tensor([1.5, 2.5], device=device, requires_grad=True)
    y = mg.astype(x, mg.float64) * 3
    y.backward(mg.ones(2, dtype=mg.float64, device=device))
    assert x.grad.dtype == mg.float32
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3])
    assert not mg.astype(x, mg.int64).requires_grad
