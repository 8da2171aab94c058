"""Records of taking parts, adding to parts and setting parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import Case, OpRecord, Sides, named
from ..strategies.arrays import seeds, shapes
from ..strategies.calls import inputs_from
from ..strategies.indexing import index_expressions

__all__ = ["records"]

Shape = tuple[int, ...]


def places(shape: Shape, key: Any) -> Any:
    """The flat places that a key names: an oracle for every kind of indexing."""
    return np.array(np.arange(math.prod(shape)).reshape(shape)[key])


@st.composite
def taken(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(1, 3, sides))
    return Case(
        inputs_from((Domain(),), [shape], draw(seeds)), {"key": draw(index_expressions(shape))}
    )


@st.composite
def scattered(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(1, 3, sides))
    key = draw(index_expressions(shape))
    v = inputs_from((Domain(),), [places(shape, key).shape], draw(seeds))
    return Case(v, {"key": key, "shape": shape})


@st.composite
def assigned(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(1, 3, sides))
    key = draw(index_expressions(shape, repeats=False))
    full = places(shape, key).shape
    tail = full[draw(st.integers(0, len(full))) :]
    found = [shape, tuple(draw(st.sampled_from([1, n])) for n in tail)]
    return Case(inputs_from((Domain(), Domain()), found, draw(seeds)), {"key": key})


def scatter_reference(v: Any, key: Any, shape: Shape) -> Any:
    total = np.zeros(shape)
    np.add.at(total, key, v)
    return total


def set_reference(x: Any, v: Any, key: Any) -> Any:
    y = np.array(x)
    y[key] = v
    return y


def torch_taken(t: Any, x: Any, key: Any) -> Any:
    return x.reshape(-1)[t.tensor(places(tuple(x.shape), key))]


def torch_scattered(t: Any, v: Any, key: Any, shape: Shape) -> Any:
    where = t.tensor(places(shape, key).reshape(-1))
    zeros = t.zeros(math.prod(shape), dtype=v.dtype)
    return zeros.index_add(0, where, v.reshape(-1)).reshape(shape)


def torch_assigned(t: Any, x: Any, v: Any, key: Any) -> Any:
    where = t.tensor(places(tuple(x.shape), key))
    new = t.broadcast_to(v, where.shape).reshape(-1)
    return x.reshape(-1).index_put((where.reshape(-1),), new).reshape(x.shape)


def square(device: Any) -> mg.Tensor:
    return mg.ones((2, 3), device=device)


records = [
    OpRecord("getitem", named("getitem"), lambda x, key: x[key], taken, lambda x, key: x[key],
        torch_taken, errors=(
        ErrorCase(lambda device: square(device)[2], IndexError,
            r"getitem: index 2 is out of bounds for axis 0"),
        ErrorCase(lambda device: square(device)[0, 0, 0], IndexError, r"getitem: .*\(2, 3\)"),
        ErrorCase(lambda device: square(device)[mg.ones(2, device=device)], IndexError,
            "getitem: an array is indexed by integers or booleans, not float32"),
    )),
    OpRecord("scatter_add", named("scatter_add"), lambda v, key, shape: mg.scatter_add(v, key,
        shape),
        scattered, scatter_reference, torch_scattered, sums=True, errors=(
        ErrorCase(lambda device: mg.scatter_add(square(device), 5, (4, 3)), IndexError,
            "scatter_add: "),
        ErrorCase(lambda device: mg.scatter_add(square(device), slice(0, 2), (4, 4)), ValueError,
            "scatter_add: "),
    )),
    OpRecord("index_set", named("index_set"), lambda x, v, key: mg.index_set(x, key, v), assigned,
        set_reference, torch_assigned, sums=True, errors=(
        ErrorCase(lambda device: square(device).at[0].set(mg.ones(2, device=device)), ValueError,
            "index_set: "),
        ErrorCase(lambda device: square(device).at[7].set(0.0), IndexError, "index_set: index 7"),
    )),
]  # fmt: skip
