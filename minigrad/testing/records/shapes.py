"""Records of functions that only arrange elements: linear, each the adjoint of another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backends import device as device_named

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import Case, OpRecord, Sides, named
from ..strategies.arrays import seeds, shapes
from ..strategies.calls import inputs_from, one_array

__all__ = ["records"]

Shape = tuple[int, ...]


def factorings(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    size = math.prod(shape)
    divisors = [n for n in range(1, size + 1) if size % n == 0] or [1]
    first = draw(st.sampled_from(divisors))
    return {"shape": draw(st.sampled_from([(size,), (first, size // first), (1, size, 1)]))}


def permutations(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    return {"axes": tuple(draw(st.permutations(range(len(shape)))))}


def some_axes(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    n = len(shape)
    several = st.lists(st.integers(0, n - 1), unique=True, min_size=1).map(tuple)
    return {"axis": draw(st.none() | several | st.integers(-n, n - 1)) if n else None}


def shifts(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    axis = some_axes(draw, shape)["axis"]
    shift = st.integers(-4, 4)
    if isinstance(axis, tuple):
        return {"axis": axis, "shift": tuple(draw(shift) for _ in axis)}
    return {"axis": axis, "shift": draw(shift)}


def diagonals(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    return {"k": draw(st.integers(-2, 2))}


@st.composite
def copies(draw: st.DrawFn, sides: Sides) -> Case:
    full = draw(shapes(0, 3, sides))
    tail = full[draw(st.integers(0, len(full))) :]
    shape = tuple(draw(st.sampled_from([1, n])) for n in tail)
    return Case(inputs_from((Domain(),), [shape], draw(seeds)), {"shape": full})


@st.composite
def rows_to_join(draw: st.DrawFn, sides: Sides) -> Case:
    shape = list(draw(shapes(1, 3, sides)))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    found = []
    for _ in range(draw(st.integers(1, 3))):
        shape[axis] = draw(st.sampled_from(sides))
        found.append(tuple(shape))
    return Case(inputs_from((Domain(),) * len(found), found, draw(seeds)), {"axis": axis})


@st.composite
def equals_to_stack(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(0, 2, sides))
    count = draw(st.integers(1, 3))
    axis = draw(st.integers(-len(shape) - 1, len(shape)))
    return Case(inputs_from((Domain(),) * count, [shape] * count, draw(seeds)), {"axis": axis})


def roll_reference(x: Any, shift: Any, axis: Any) -> Any:
    return np.roll(x, shift, axis=axis)


def called_with_one(primitive_call: Any, **params: Any) -> Any:
    return lambda device: primitive_call(mg.ones((2, 3), device=device), **params)


records = [
    OpRecord("reshape", named("reshape"), mg.reshape, one_array(params=factorings),
        lambda x, shape: x.reshape(shape), "reshape",
        errors=(ErrorCase(called_with_one(mg.reshape, shape=(4, 2)), ValueError,
                 r"reshape: \(2, 3\) has 6 elements, which do not fill \(4, 2\)"),)),
    OpRecord("permute_dims", named("permute_dims"), mg.permute_dims, one_array(params=permutations),
        lambda x, axes: np.transpose(x, axes), lambda t, x, axes: t.permute(x, axes),
        errors=(ErrorCase(called_with_one(mg.permute_dims, axes=(0, 0)), ValueError,
                 r"permute_dims: \(0, 0\) is no permutation of the axes of \(2, 3\)"),)),
    OpRecord("broadcast_to", named("broadcast_to"), mg.broadcast_to, copies, np.broadcast_to,
        lambda t, x, shape: t.broadcast_to(x, shape), sums=True,
        errors=(ErrorCase(called_with_one(mg.broadcast_to, shape=(4,)), ValueError,
                 r"broadcast_to: \(2, 3\) does not broadcast to \(4,\)"),)),
    OpRecord("concat", named("concat"), lambda *xs, axis: mg.concat(xs, axis=axis), rows_to_join,
        lambda *xs, axis: np.concat(xs, axis=axis), lambda t, *xs, axis: t.cat(xs, dim=axis),
        errors=(ErrorCase(lambda device: mg.concat([mg.ones(s, device=device) for s in ((2, 3), (3,
            ))]),
                 ValueError, r"concat: inputs differ in more than axis 0: \(2, 3\) float32"),
             ErrorCase(lambda device: mg.concat([]), ValueError, "concat: expected at least one"))),
    OpRecord("stack", named("stack"), lambda *xs, axis: mg.stack(xs, axis=axis), equals_to_stack,
        lambda *xs, axis: np.stack(xs, axis=axis), lambda t, *xs, axis: t.stack(xs, dim=axis),
        errors=(ErrorCase(lambda device: mg.stack([mg.ones(2, device=device), mg.ones(3,
            device=device)]),
                 ValueError, r"stack: inputs differ in shape: \(2,\) float32"),)),
    OpRecord("flip", named("flip"), mg.flip, one_array(params=some_axes), np.flip,
        lambda t, x, axis: t.flip(x, tuple(range(x.ndim)) if axis is None
                                  else axis if isinstance(axis, tuple) else (axis,)),
        errors=(ErrorCase(called_with_one(mg.flip, axis=2), Exception, "^flip: .*axis 2"),)),
    OpRecord("roll", named("roll"), mg.roll, one_array(params=shifts), roll_reference,
        lambda t, x, shift, axis: t.roll(x, shift, axis),
        errors=(ErrorCase(called_with_one(mg.roll, shift=1, axis=2), Exception, "^roll: .*axis 2"),
            )),
    OpRecord("tril", named("tril"), mg.tril, one_array(params=diagonals, min_dims=2), np.tril,
        lambda t, x, k: t.tril(x, diagonal=k),
        errors=(ErrorCase(lambda device: mg.tril(mg.ones(2, device=device)), ValueError, "^tril: "),
            )),
    OpRecord("triu", named("triu"), mg.triu, one_array(params=diagonals, min_dims=2), np.triu,
        lambda t, x, k: t.triu(x, diagonal=k),
        errors=(ErrorCase(lambda device: mg.triu(mg.ones(2, device=device)), ValueError, "^triu: "),
            )),
    OpRecord("astype", named("astype"), lambda x, dtype: mg.astype(x, dtype),
        one_array(params=lambda draw, shape: {"dtype": "float64"}),
        lambda x, dtype: x.astype(dtype), lambda t, x, dtype: x.to(getattr(t, dtype)),
        errors=(ErrorCase(lambda device: mg.ones(2, dtype="complex64", device=device).to("float32"),
                 TypeError, "astype: complex64 to float32 would lose a part"),)),
    OpRecord("copy", named("copy"), lambda x: mg.asarray(x, copy=True), one_array(), np.array,
        "clone",
        errors=(ErrorCase(lambda device: mg.asarray(mg.ones(2, device=device), dtype="int32",
            copy=False),
                 ValueError, "asarray: copy=False, but float32 .* has to be converted"),)),
    OpRecord("alias", named("alias"), named("alias"), one_array(), np.array, "clone",
        errors=(ErrorCase(lambda device: named("alias")([1.0]), TypeError,
            "alias: input 0 is a list"),)),
    OpRecord("to_device", named("to_device"), lambda x: mg.to_device(x,
        device_named("strict:device1")),
        one_array(), np.array, "clone",
        errors=(ErrorCase(lambda device: mg.ones(2, device=device).to("nowhere"), ValueError,
                 "unknown device 'nowhere'"),)),
]  # fmt: skip
