"""Records of sliding windows and of their adjoint."""

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

__all__ = ["records"]

Shape = tuple[int, ...]


@st.composite
def strided_windows(draw: st.DrawFn, sides: Sides) -> Case:
    k = draw(st.integers(1, 2))
    lead = draw(shapes(0, 1, sides))
    window, strides, dilation = (
        tuple(draw(st.integers(1, most)) for _ in range(k)) for most in (3, 3, 2)
    )
    size = tuple(
        d * (w - 1) + 1 + draw(st.integers(0, 4)) for w, d in zip(window, dilation, strict=True)
    )
    params = {"shape": window, "strides": strides, "dilation": dilation}
    return Case(inputs_from((Domain(),), [(*lead, *size)], draw(seeds)), params)


def windows_reference(x: Any, shape: Shape, strides: Shape, dilation: Shape) -> Any:
    """NumPy's own windows, thinned out."""
    k = len(shape)
    spans = tuple(d * (n - 1) + 1 for n, d in zip(shape, dilation, strict=True))
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(range(-k, 0)))
    steps = tuple(slice(None, None, s) for s in (*strides, *dilation))
    return seen[(..., *steps)]


def positions_of(size: Shape, params: dict[str, Any]) -> Any:
    """The flat place in `size` that each element of each window sees."""
    places = np.arange(math.prod(size)).reshape(size)
    return windows_reference(places, **params)


@st.composite
def windows_to_fold(draw: st.DrawFn, sides: Sides) -> Case:
    (x,), params = draw(strided_windows(sides))
    size = x.shape[x.ndim - len(params["shape"]) :]
    w = windows_reference(x, **params)
    values = np.random.default_rng(draw(seeds)).uniform(-3, 3, w.shape)
    del params["shape"]
    return Case((values,), {**params, "size": size})


def fold_reference(w: Any, size: Shape, strides: Shape, dilation: Shape) -> Any:
    """Each element added at the place that it was seen at."""
    k = len(size)
    params = {"shape": w.shape[-k:], "strides": strides, "dilation": dilation}
    lead = w.shape[: -2 * k]
    total = np.zeros((math.prod(lead), math.prod(size)))
    for row, values in zip(
        total, w.reshape(len(total), math.prod(w.shape[len(lead) :])), strict=True
    ):
        np.add.at(row, positions_of(size, params).reshape(-1), values)
    return total.reshape((*lead, *size))


def torch_fold(t: Any, w: Any, size: Shape, strides: Shape, dilation: Shape) -> Any:
    k = len(size)
    lead = tuple(w.shape[: -2 * k])
    params = {"shape": tuple(w.shape[-k:]), "strides": strides, "dilation": dilation}
    places = t.tensor(positions_of(size, params).reshape(-1))
    total = t.zeros(math.prod(lead), math.prod(size), dtype=w.dtype)
    return total.index_add(1, places, w.reshape(math.prod(lead), len(places))).reshape(*lead, *size)


def torch_windows(t: Any, x: Any, **params: Any) -> Any:
    k = len(params["shape"])
    places = t.tensor(positions_of(tuple(x.shape[x.ndim - k :]), params))
    return x.reshape(*x.shape[: x.ndim - k], -1)[..., places]


def bad_windows(**params: Any) -> Any:
    return lambda device: mg.windows(mg.ones((2, 3), device=device), **params)


records = [
    OpRecord("windows", named("windows"), mg.windows, strided_windows, windows_reference,
        torch_windows,
        errors=(ErrorCase(bad_windows(shape=(1, 1, 1)), ValueError,
                 r"windows: shape \(1, 1, 1\)"),
             ErrorCase(bad_windows(shape=(2,), strides=(0,)), ValueError,
                 "must be positive"))),
    OpRecord("fold", named("fold"), mg.fold, windows_to_fold, fold_reference, torch_fold, sums=True,
        errors=(ErrorCase(lambda device: mg.fold(mg.ones((3, 2), device=device), (7,)), ValueError,
                 r"fold: "),)),
]  # fmt: skip
