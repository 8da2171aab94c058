"""Entries of the elementwise functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .entry import Call, Entry, Rng, Shape, call, one_array, values
from .reference import BOOL, COMPLEX, FLOATS, INTS, UINTS, all_dtypes

__all__ = ["entries"]

integers = (*INTS, *UINTS)
real = (*integers, *FLOATS)
numeric = (*real, *COMPLEX)
floating = (*FLOATS, *COMPLEX)


def unary(names: str, dtypes: tuple[str, ...]) -> list[Entry]:
    return [Entry(name, dtypes, one_array) for name in names.split()]


def broadcasting(rng: Rng, shape: Shape) -> Shape:
    """A shape that broadcasts with `shape`, perhaps of fewer axes."""
    tail = shape[int(rng.integers(0, len(shape) + 1)) :] if rng.random() < 0.5 else shape
    return tuple(1 if rng.random() < 0.3 else n for n in tail)


def pair(rng: Rng, shape: Shape, dtype: str, **limits: Any) -> Call:
    """Two arrays that broadcast, either way round."""
    shapes = [shape, broadcasting(rng, shape)]
    if rng.random() < 0.5:
        shapes.reverse()
    return call(*(values(rng, s, dtype, **limits) for s in shapes))


def binary(names: str, dtypes: tuple[str, ...]) -> list[Entry]:
    return [Entry(name, dtypes, pair) for name in names.split()]


def quotient(rng: Rng, shape: Shape, dtype: str) -> Call:
    """Integers are divided by other numbers than zero."""
    a, b = pair(rng, shape, dtype).args
    return call(a, np.where(b == 0, np.ones_like(b), b) if b.dtype.kind in "iu" else b)


def power(rng: Rng, shape: Shape, dtype: str) -> Call:
    """Integers have no negative powers."""
    a, b = pair(rng, shape, dtype).args
    return call(a, np.abs(b) if b.dtype.kind in "iu" else b)


def shifted(rng: Rng, shape: Shape, dtype: str) -> Call:
    return pair(rng, shape, dtype, low=0, high=6)


def clipped(rng: Rng, shape: Shape, dtype: str) -> Call:
    """Bounds are absent, numbers, or arrays."""
    x = values(rng, shape, dtype)
    number = int if x.dtype.kind in "iu" else float
    bounds: list[Any] = []
    for low, high in ((-3, 1), (1, 4)):
        array = values(rng, broadcasting(rng, shape), dtype, low, high, special=0)
        bounds.append([None, number(1), array][rng.integers(3)])
    return call(x, *bounds) if rng.random() < 0.5 else call(x, min=bounds[0], max=bounds[1])


entries = [
    *unary("abs negative positive square", numeric),
    *unary("sign", numeric),
    *unary("ceil floor trunc", real),
    *unary("round", numeric),
    *unary("acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh", floating),
    *unary("exp expm1 log log10 log1p log2 reciprocal sqrt", floating),
    *unary("isfinite isinf isnan", numeric),
    *unary("conj real", numeric),
    *unary("imag", COMPLEX),
    *unary("signbit", FLOATS),
    *unary("bitwise_invert", (*BOOL, *integers)),
    *unary("logical_not", BOOL),
    *binary("add multiply subtract", numeric),
    *binary("divide", floating),
    *binary("equal not_equal", all_dtypes),
    *binary("greater greater_equal less less_equal maximum minimum", real),
    *binary("atan2 copysign hypot logaddexp nextafter", FLOATS),
    *binary("bitwise_and bitwise_or bitwise_xor", (*BOOL, *integers)),
    *binary("logical_and logical_or logical_xor", BOOL),
    Entry("bitwise_left_shift", integers, shifted),
    Entry("bitwise_right_shift", integers, shifted),
    Entry("floor_divide", real, quotient),
    Entry("remainder", real, quotient),
    Entry("pow", numeric, power),
    Entry("clip", real, clipped),
]
