"""float32 stays float32: scalars are weak, integers do not widen, gradients keep their dtype."""

from __future__ import annotations

import enum
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import Tensor

floats = ["float32", "float64"]


class Level(enum.IntEnum):
    HIGH = 2


class Metres(float):
    pass


scalars = [2, 2.0, True, np.float64(2.0), np.float32(2.0), np.float16(2), np.int64(2), Level.HIGH,
           Metres(2.0)]  # fmt: skip
with_a_scalar: dict[str, Callable[[Any, Any], Tensor]] = {
    "x + s": lambda x, s: x + s,
    "s + x": lambda x, s: s + x,
    "x - s": lambda x, s: x - s,
    "s - x": lambda x, s: s - x,
    "x * s": lambda x, s: x * s,
    "s / x": lambda x, s: s / x,
    "x / s": lambda x, s: x / s,
    "x ** s": lambda x, s: x**s,
    "s ** x": lambda x, s: s**x,
    "x // s": lambda x, s: x // s,
    "x % s": lambda x, s: x % s,
    "maximum": mg.maximum,
    "where": lambda x, s: mg.where(x > 0, x, s),
    "where not": lambda x, s: mg.where(x > 0, s, x),
    "clip": lambda x, s: mg.clip(x, 0, s),
    "set": lambda x, s: x.at[0].set(s),
}


@pytest.mark.parametrize("dtype", floats)
@pytest.mark.parametrize("name", with_a_scalar)
def test_scalars_are_weak(device: Any, dtype: str, name: str) -> None:
    x = mg.ones(3, dtype=dtype, device=device, requires_grad=True)
    for scalar in scalars:
        x.grad = None
        y = with_a_scalar[name](x, scalar)
        assert y.dtype == dtype, scalar
        y.backward(mg.ones_like(y))
        assert x.grad.dtype == dtype, scalar


def test_what_is_no_number_is_refused(device: Any) -> None:
    x = mg.ones(3, device=device)
    for other in (Fraction(1, 2), "1", None, [1.0, 2.0, 3.0], {1}):
        what = "missing, or None" if other is None else f"a {type(other).__name__}"
        with pytest.raises(TypeError, match=f"^multiply: input 1 is {what}"):
            x * other


@pytest.mark.parametrize("integer", ["int8", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("dtype", floats)
def test_an_integer_tensor_beside_a_float_does_not_widen_it(
    device: Any, integer: str, dtype: str
) -> None:
    x = mg.ones(3, dtype=dtype, device=device, requires_grad=True)
    n = mg.ones(3, dtype=integer, device=device)
    for y in (x + n, n + x, n * x, n / x, x**n, mg.where(x > 0, x, n), mg.matmul(x, n),
              mg.maximum(n, x), mg.concat([x, n]), mg.stack([n, x])):  # fmt: skip
        assert y.dtype == dtype
    mg.sum(n * x + x / n).backward()
    assert x.grad.dtype == dtype
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2, 2])


def test_integers_alone_become_the_default_where_the_result_is_no_integer(device: Any) -> None:
    n = mg.arange(1, 4, device=device)
    for y in (n / n, mg.exp(n), mg.sqrt(n), n + 0.5, mg.mean(n), mg.var(n), mg.special.softmax(n)):
        assert y.dtype == mg.float32
    for y in (n + n, n * 2, n // 2, mg.sum(n), mg.max(n), mg.where(n > 1, 1, 0)):
        assert y.dtype.kind == "i"
    assert mg.where(n > 1, 1.0, 0.0).dtype == mg.float32


@pytest.mark.parametrize("join", [
    lambda x, y: x * y, lambda x, y: y * x, mg.matmul, lambda x, y: mg.concat([x, y]),
    lambda x, y: mg.where(x > 0, x, y), mg.maximum,
], ids=["x*y", "y*x", "matmul", "concat", "where", "maximum"])  # fmt: skip
def test_two_floats_give_the_wider_and_each_its_own_gradient(device: Any, join: Any) -> None:
    x = mg.ones(2, dtype=mg.float32, device=device, requires_grad=True)
    y = mg.ones(2, dtype=mg.float64, device=device, requires_grad=True)
    z = join(x, y)
    assert z.dtype == mg.float64
    by_x, by_y = mg.autograd.grad(mg.sum(z * z), [x, y], create_graph=True)
    assert (by_x.dtype, by_y.dtype) == (mg.float32, mg.float64)
    mg.sum(by_x * by_x).backward()
    assert x.grad.dtype == mg.float32


def test_derivatives_of_every_order_keep_the_dtype(device: Any) -> None:
    for dtype in floats:
        x = mg.asarray([0.5, 2.0], dtype=dtype, device=device, requires_grad=True)
        y = mg.mean(mg.special.softmax(mg.exp(x) / 3) * x**1.5)
        for _ in range(3):
            (g,) = mg.autograd.grad(y, x, create_graph=True)
            assert g.dtype == dtype
            y = mg.sum(g * 0.5)


def test_an_array_handed_in_keeps_its_dtype_and_python_numbers_take_the_default(
    device: Any,
) -> None:
    assert mg.asarray(np.ones(2), device=device).dtype == mg.float64
    assert mg.tensor(np.float64(1.0), device=device).dtype == mg.float64
    assert mg.tensor([1.0], device=device).dtype == mg.float32
    assert mg.tensor([1], device=device).dtype.kind == "i"
    assert mg.tensor([True], device=device).dtype == mg.bool
    assert mg.result_type(mg.ones(1, device=device), mg.int64, 1.0) == mg.float32


def test_a_cast_passes_the_gradient_between_floats_and_ends_it_at_integers(device: Any) -> None:
    x = mg.tensor([1.5, 2.5], device=device, requires_grad=True)
    y = mg.astype(x, mg.float64) * 3
    y.backward(mg.ones(2, dtype=mg.float64, device=device))
    assert x.grad.dtype == mg.float32
    assert x.grad.tolist() == [3, 3]
    assert not mg.astype(x, mg.int64).requires_grad
