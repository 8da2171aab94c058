"""Entries of the functions that arrange the elements of arrays."""

from __future__ import annotations

import math
from typing import Any

from .elementwise import broadcasting
from .entry import Call, Entry, Rng, Shape, any_axes, at_least, axis_of, call, kept, values
from .reference import all_dtypes

__all__ = ["entries"]


def several(rng: Rng, shape: Shape, dtype: str) -> list[Any]:
    return [values(rng, shape, dtype) for _ in range(rng.integers(1, 4))]


def joined(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    axis = None if rng.random() < 0.3 else axis_of(rng, shape)
    return call(several(rng, shape, dtype), axis=axis)


def reshaped(rng: Rng, shape: Shape, dtype: str) -> Call:
    n = math.prod(shape)
    target = [(-1,), (n,), (1, n), tuple(reversed(shape))][rng.integers(3 if n == 0 else 4)]
    return call(values(rng, shape, dtype), (n, 1) if n == 0 else target)


def rolled(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    axes = [None, axis_of(rng, shape), tuple(range(len(shape)))][rng.integers(3)]
    shift = [int(rng.integers(-3, 4)) for _ in range(len(shape))]
    return call(values(rng, shape, dtype), tuple(shift) if isinstance(axes, tuple) else shift[0],
                axis=axes)  # fmt: skip


def repeated(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    axis = None if kept(rng) else axis_of(rng, shape)
    size = math.prod(shape) if axis is None else shape[axis]
    counts: Any = int(rng.integers(0, 4)) if kept(rng) else rng.integers(0, 3, size)
    return call(values(rng, shape, dtype), counts, axis=axis)


def moved(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    order = tuple(int(a) for a in rng.permutation(len(shape)))
    if kept(rng):
        return call(values(rng, shape, dtype), order, tuple(range(len(shape))))
    return call(values(rng, shape, dtype), axis_of(rng, shape), axis_of(rng, shape))


def squeezed(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = (1, *shape, 1)
    axes = [0, -1, (0, len(shape) - 1)][rng.integers(3)]
    return call(values(rng, shape, dtype), axes)


def an_axis(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    return call(values(rng, shape, dtype), axis=axis_of(rng, shape))


entries = [
    Entry("broadcast_arrays", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, shape, dtype), values(rng, broadcasting(rng, shape), dtype))),
    Entry("broadcast_to", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, broadcasting(rng, shape), dtype), shape)),
    Entry("concat", all_dtypes, joined),
    Entry("expand_dims", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, shape, dtype), int(rng.integers(-len(shape) - 1, len(shape) + 1)))),
    Entry("flip", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, shape, dtype), axis=any_axes(rng, shape))),
    Entry("moveaxis", all_dtypes, moved),
    Entry("permute_dims", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, shape, dtype), tuple(int(a) for a in rng.permutation(len(shape))))),
    Entry("repeat", all_dtypes, repeated),
    Entry("reshape", all_dtypes, reshaped),
    Entry("roll", all_dtypes, rolled),
    Entry("squeeze", all_dtypes, squeezed),
    Entry("stack", all_dtypes, lambda rng, shape, dtype: call(
        several(rng, shape, dtype), axis=int(rng.integers(-len(shape) - 1, len(shape) + 1)))),
    Entry("tile", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, shape, dtype), tuple(int(n) for n in rng.integers(0, 3, rng.integers(0, 4))))),
    Entry("unstack", all_dtypes, an_axis),
    Entry("matrix_transpose", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, at_least(shape, 2), dtype))),
]  # fmt: skip
