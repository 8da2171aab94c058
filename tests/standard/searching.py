"""Entries of searching, sorting, sets and taking, and of reductions and scans."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import broadcasting, floating, numeric, real
from .entry import (
    Call,
    DType,
    Entry,
    Rng,
    Shape,
    any_axes,
    at_least,
    axis_of,
    call,
    kept,
    one_array,
    values,
)
from .reference import FLOATS, all_dtypes

__all__ = ["entries"]


def extremum(rng: Rng, shape: Shape, dtype: str) -> Call:
    axis = None if not shape or kept(rng) else axis_of(rng, shape)
    return call(values(rng, shape, dtype), axis=axis, keepdims=kept(rng))


def chosen(rng: Rng, shape: Shape, dtype: str) -> Call:
    a = values(rng, shape, dtype)
    b: Any = values(rng, broadcasting(rng, shape), dtype)
    kind = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}[a.dtype.kind]
    if rng.random() < 0.4:
        b = {"bool": True, "int": 2, "float": 2.5, "complex": 1j}[kind]
    branches = [a, b] if kept(rng) else [b, a]
    return call(values(rng, broadcasting(rng, shape), "bool"), *branches)


def sought(rng: Rng, shape: Shape, dtype: str) -> Call:
    sorted_ones = np.sort(values(rng, (int(rng.integers(1, 6)),), dtype, special=0))
    side, x = str(rng.choice(["left", "right"])), values(rng, shape, dtype, special=0)
    if kept(rng):
        return call(sorted_ones, x, side=side)
    order = rng.permutation(len(sorted_ones))
    return call(sorted_ones[order], x, side=side, sorter=np.argsort(order))


def sorting(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    return call(values(rng, shape, dtype), axis=axis_of(rng, shape), descending=kept(rng),
                stable=True)  # fmt: skip


def taken(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(tuple(n or 1 for n in shape), 1)
    axis = axis_of(rng, shape)
    indices = rng.integers(-shape[axis], shape[axis], int(rng.integers(0, 4)))
    return call(values(rng, shape, dtype), indices, axis=axis)


def taken_along(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(tuple(n or 1 for n in shape), 1)
    axis = axis_of(rng, shape)
    places = list(shape)
    places[axis] = int(rng.integers(1, 4))
    return call(values(rng, shape, dtype), rng.integers(0, shape[axis], places), axis=axis)


searching = [
    Entry("argmax", real, extremum),
    Entry("argmin", real, extremum),
    Entry("count_nonzero", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, shape, dtype), axis=any_axes(rng, shape), keepdims=kept(rng))),
    Entry("nonzero", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, at_least(shape, 1), dtype))),
    Entry("searchsorted", real, sought),
    Entry("where", all_dtypes, chosen),
    Entry("argsort", real, sorting),
    Entry("sort", real, sorting),
    *[Entry(name, all_dtypes, one_array) for name in
      ("unique_all", "unique_counts", "unique_inverse", "unique_values")],
    Entry("take", all_dtypes, taken),
    Entry("take_along_axis", all_dtypes, taken_along),
]  # fmt: skip


def reduced(rng: Rng, shape: Shape, dtype: str, /, **more: Any) -> Call:
    x = values(rng, shape, dtype, special=0.1 if np.dtype(dtype).kind == "f" else 0)
    return call(x, axis=any_axes(rng, shape), keepdims=kept(rng), **more)


def accumulator(rng: Rng, dtype: str) -> dict[str, Any]:
    """Perhaps the dtype to accumulate in: the input's own, or a wider one."""
    wide = {"b": "int64", "i": "int64", "u": "uint64", "f": "float64", "c": "complex128"}
    options = [{}, {"dtype": DType(dtype)}, {"dtype": DType(wide[np.dtype(dtype).kind])}]
    return options[rng.integers(3)]


def accumulated(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    axis = None if len(shape) == 1 and kept(rng) else axis_of(rng, shape)
    x = values(rng, shape, dtype, special=0)
    return call(x, axis=axis, include_initial=kept(rng), **accumulator(rng, dtype))


def differences(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    ends = {name: values(rng, shape, dtype, special=0) for name in ("prepend", "append")}
    given = {name: x for name, x in ends.items() if rng.random() < 0.3}
    x = values(rng, shape, dtype, special=0)
    return call(x, axis=axis_of(rng, shape), n=int(rng.integers(0, 3)), **given)


spread = lambda rng, shape, dtype: reduced(rng, shape, dtype, correction=float(rng.integers(2)))
total = lambda rng, shape, dtype: reduced(rng, shape, dtype, **accumulator(rng, dtype))

statistics = [
    Entry("cumulative_prod", numeric, accumulated, sums=True),
    Entry("cumulative_sum", numeric, accumulated, sums=True),
    Entry("max", real, reduced),
    Entry("min", real, reduced),
    Entry("mean", floating, reduced, sums=True),
    Entry("prod", numeric, total, sums=True),
    Entry("sum", numeric, total, sums=True),
    Entry("std", FLOATS, spread, sums=True),
    Entry("var", FLOATS, spread, sums=True),
    Entry("all", all_dtypes, reduced),
    Entry("any", all_dtypes, reduced),
    Entry("diff", numeric, differences),
]

entries = [*searching, *statistics]
