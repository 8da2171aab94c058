"""Records of public functions that are composed of primitives, and record no name of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import Case, OpRecord, Sides
from ..strategies.arrays import seeds, shapes
from ..strategies.calls import broadcasting, inputs_from, one_array, one_axis

__all__ = ["records"]

distinct = Domain(distinct=True)
Shape = tuple[int, ...]


def new_axis(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    return {"axis": draw(st.integers(-len(shape) - 1, len(shape)))}


def moved_axes(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    axis = st.integers(-len(shape), len(shape) - 1)
    return {"source": draw(axis), "destination": draw(axis)}


def repetitions(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    counts = st.lists(st.integers(1, 2), min_size=0, max_size=3)
    return {"repetitions": tuple(draw(counts))}


def repeats(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    return {**one_axis(draw, shape), "repeats": draw(st.integers(0, 3))}


def margins(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    """NumPy's short forms too: a number, or one pair, for all axes."""
    one = st.integers(0, 2)
    pair = st.tuples(one, one)
    each = tuple(draw(pair) for _ in shape)
    forms = [one, pair, st.tuples(pair)] if shape else []
    return {
        "pad_width": draw(st.one_of(st.just(each), *forms)),
        "constant_values": draw(st.sampled_from([0, 1.5])),
    }


@st.composite
def windows_over_axes(draw: st.DrawFn, sides: Sides) -> Case:
    """Windows that fit, over the last axes or over any, in any order and from either end."""
    shape = draw(shapes(1, 3, [n for n in sides if n]))
    n, k = len(shape), draw(st.integers(1, len(shape)))
    last = draw(st.booleans())
    axes = [*range(n - k, n)] if last else draw(st.permutations(range(n)))[:k]
    window = tuple(draw(st.integers(1, shape[a])) for a in axes)
    axis = None if last else tuple(a - n * draw(st.booleans()) for a in axes)
    params: dict[str, Any] = {"window_shape": window, "axis": axis}
    if axis is not None and k == 1 and draw(st.booleans()):
        params = {"window_shape": window[0], "axis": axis[0]}
    return Case(inputs_from((Domain(),), [shape], draw(seeds)), params)


def windows_reference(x: Any, window_shape: Any, axis: Any) -> Any:
    if axis is None:
        axis = tuple(range(-len(window_shape), 0))
    return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis=axis)


def torch_windows(t: Any, x: Any, window_shape: Any, axis: Any) -> Any:
    sizes = (window_shape,) if isinstance(window_shape, int) else window_shape
    axes = range(-len(sizes), 0) if axis is None else (axis,) if isinstance(axis, int) else axis
    for a, n in zip([a % x.ndim for a in axes], sizes, strict=True):
        x = x.unfold(a, n, 1)
    return x


def order(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    return {**one_axis(draw, shape), "descending": draw(st.booleans())}


def differences(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    return {**one_axis(draw, shape), "n": draw(st.integers(1, 2))}


def bounds(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    return draw(st.sampled_from([{"min": -1.1}, {"max": 1.1}, {"min": -1.1, "max": 1.3}]))


def indices(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    params = one_axis(draw, shape)
    size = shape[params["axis"]]
    return {**params, "indices": draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=4)
                                      if size else st.just([]))}  # fmt: skip


def call_take(x: mg.Tensor, indices: list[int], axis: int) -> mg.Tensor:
    return mg.take(x, mg.asarray(indices, dtype=mg.int64, device=x.device), axis=axis)


def call_take_along(x: mg.Tensor, order: Any, axis: int) -> mg.Tensor:
    return mg.take_along_axis(x, mg.asarray(order, device=x.device), axis=axis)


def orders(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    params = one_axis(draw, shape)
    rng = np.random.default_rng(draw(seeds))
    size = shape[params["axis"]]
    return {**params, "order": rng.integers(0, max(1, size), shape)}


@st.composite
def two_vectors(draw: st.DrawFn, sides: Sides) -> Case:
    found = [draw(shapes(1, 1, sides)) for _ in range(2)]
    return Case(inputs_from((Domain(), Domain()), found, draw(seeds)), {})


def sort_reference(x: Any, axis: int, descending: bool) -> Any:
    return -np.sort(-x, axis=axis) if descending else np.sort(x, axis=axis)


def pad_reference(x: Any, pad_width: Any, constant_values: float) -> Any:
    return np.pad(x, pad_width, constant_values=constant_values) if pad_width else np.array(x)


def torch_pad(t: Any, x: Any, pad_width: Any, constant_values: float) -> Any:
    pairs = np.broadcast_to(pad_width, (x.ndim, 2)).tolist() if x.ndim else []
    flat = [n for pair in reversed(pairs) for n in pair]
    return t.nn.functional.pad(x, flat, value=constant_values) if flat else x.clone()


records = [
    OpRecord("power of 2", None, lambda x: x**2, one_array(), np.square, "square"),
    OpRecord("scalar power", None, lambda b: 2.5**b, one_array(), lambda b: 2.5**b, lambda t,
        b: 2.5**b),
    OpRecord("clip", None, mg.clip, one_array(Domain(away=(-1.1, 1.1, 1.3)), bounds),
        lambda x, min=None, max=None: np.clip(x, min, max),
        lambda t, x, min=None, max=None: t.clamp(x, min, max), kinks="passes at the bounds"),
    OpRecord("full", None, lambda x: mg.full((2, *x.shape), x), one_array(),
        lambda x: np.full((2, *x.shape), x), lambda t, x: x.expand(2, *x.shape), sums=True),
    OpRecord("expand_dims", None, mg.expand_dims, one_array(params=new_axis), np.expand_dims,
        lambda t, x, axis: x.unsqueeze(axis)),
    OpRecord("squeeze", None, lambda x, axis: mg.squeeze(mg.expand_dims(x, axis=axis), axis=axis),
        one_array(params=new_axis), lambda x, axis: x, lambda t, x, axis: x.clone()),
    OpRecord("moveaxis", None, lambda x, source, destination: mg.moveaxis(x, source, destination),
        one_array(params=moved_axes, min_dims=1), np.moveaxis,
        lambda t, x, source, destination: t.movedim(x, source, destination)),
    OpRecord("tile", None, lambda x, repetitions: mg.tile(x, repetitions),
        one_array(params=repetitions),
        lambda x, repetitions: np.tile(x, repetitions),
        lambda t, x, repetitions: t.tile(x, repetitions)),
    OpRecord("repeat", None, lambda x, repeats, axis: mg.repeat(x, repeats, axis=axis),
        one_array(params=repeats, min_dims=1), np.repeat,
        lambda t, x, repeats, axis: t.repeat_interleave(x, repeats, dim=axis)),
    OpRecord("unstack", None, lambda x, axis: mg.unstack(x, axis=axis)[-1],
        lambda sides: one_array(params=one_axis, min_dims=1)([n for n in sides if n]),
        lambda x, axis: np.unstack(x, axis=axis)[-1], lambda t, x, axis: x.unbind(axis)[-1]),
    OpRecord("meshgrid", None, lambda a, b: mg.stack(mg.meshgrid(a, b)), two_vectors,
        lambda a, b: np.stack(np.meshgrid(a, b)),
        lambda t, a, b: t.stack(t.meshgrid(a, b, indexing="xy")), sums=True),
    OpRecord("broadcast_arrays", None, lambda a, b: mg.stack(mg.broadcast_arrays(a, b)),
        broadcasting(Domain(), Domain()), lambda a, b: np.stack(np.broadcast_arrays(a, b)),
        lambda t, a, b: t.stack(t.broadcast_tensors(a, b)), sums=True),
    OpRecord("diff", None, mg.diff, one_array(params=differences, min_dims=1), np.diff,
        lambda t, x, axis, n: t.diff(x, n=n, dim=axis), sums=True),
    OpRecord("sliding_window_view", None, mg.sliding_window_view, windows_over_axes,
        windows_reference, torch_windows, errors=(
            ErrorCase(lambda device: mg.sliding_window_view(mg.ones((2, 3), device=device), 2,
                axis=2), IndexError, "^sliding_window_view: axis 2 is out of bounds"),
            ErrorCase(lambda device: mg.sliding_window_view(mg.ones((2, 3), device=device), (1, 1),
                axis=0), ValueError, r"window_shape \(1, 1\) for axis 0; expected one for each"),
            ErrorCase(lambda device: mg.sliding_window_view(mg.ones((2, 3), device=device), (1, 1),
                axis=(1, -1)), ValueError, "expected one for each"),
        )),
    OpRecord("pad", None, mg.pad, one_array(params=margins), pad_reference, torch_pad, errors=(
            ErrorCase(lambda device: mg.pad(mg.ones((2, 3), device=device), -1), ValueError,
                r"^pad: pad_width -1 for shape \(2, 3\); expected 2 pairs"),
            ErrorCase(lambda device: mg.pad(mg.ones((2, 3), device=device), 1.5), TypeError,
                "^pad: pad_width 1.5"),
        )),
    OpRecord("take", None, call_take, one_array(params=indices, min_dims=1),
        lambda x, indices, axis: np.take(x, np.array(indices, dtype=int), axis=axis),
        lambda t, x, indices, axis: x.index_select(axis, t.tensor(indices, dtype=t.int64))),
    OpRecord("take_along_axis", None, call_take_along, one_array(params=orders, min_dims=1),
        lambda x, order, axis: np.take_along_axis(x, order, axis),
        lambda t, x, order, axis: t.take_along_dim(x, t.tensor(order), axis)),
    OpRecord("sort", None, mg.sort, one_array(distinct, order, min_dims=1), sort_reference,
        lambda t, x, axis, descending: t.sort(x, dim=axis, descending=descending)[0], ties=True,
        kinks="each element keeps its own gradient"),
]  # fmt: skip
