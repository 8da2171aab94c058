"""Taking parts and putting parts: `getitem` and its adjoint `scatter_add`, and assignment.

A key is what stands between the brackets: integers, slices, None, an ellipsis, integer or boolean
arrays. The arrays in it are inputs, without a derivative; the rest is a parameter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..backends import backend_of
from ..broadcasting import unbroadcast
from ..primitive import primitive
from ..tensor import Tensor, namespace
from .axes import axis_of

__all__ = [
    "At",
    "argsort",
    "getitem",
    "index_set",
    "nonzero",
    "pad",
    "scatter_add",
    "searchsorted",
    "sort",
    "take",
    "take_along_axis",
]


PadWidth = int | tuple[int, int] | tuple[tuple[int, int], ...]


class Slot:
    """Where in a key an array stood."""

    def __repr__(self) -> str:
        return "array"


SLOT = Slot()


def split_key(name: str, key: Any, x: Tensor) -> tuple[Any, list[Tensor]]:
    """A key as its frame, with slots for arrays, and the arrays."""
    for entry in key if key.__class__ is tuple else (key,):
        if entry.__class__ not in plain:
            break
    else:
        return key, []
    frame: list[Any] = []
    arrays: list[Tensor] = []
    for entry in key if isinstance(key, tuple) else (key,):
        if entry.__class__ in plain:
            frame.append(entry)
        elif isinstance(entry, numpy.integer):
            frame.append(int(entry))
        else:
            array = entry if isinstance(entry, Tensor) else as_index(entry, x)
            if array.dtype.kind not in "iub":
                raise IndexError(
                    f"{name}: an array is indexed by integers or booleans, not {array.dtype}"
                )
            frame.append(SLOT)
            arrays.append(array)
    return tuple(frame), arrays


plain = frozenset({int, slice, type(None), type(...)})
"""What an entry of a key may be besides an array."""


def as_index(entry: Any, x: Tensor) -> Tensor:
    """A list, or an array of x's backend or of NumPy, as an index on x's device."""
    if backend_of(entry) is x.device.backend:
        return namespace.asarray(entry)
    values = numpy.asarray(entry)
    return namespace.asarray(
        values.astype("int64") if isinstance(entry, list) and not values.size else values,
        device=x.device,
    )


def fill(frame: Any, arrays: tuple[Any, ...]) -> Any:
    """The key: a frame with its arrays back in their slots."""
    if not arrays:
        return frame
    rest = iter(arrays)
    return tuple(next(rest) if entry is SLOT else entry for entry in frame)


def getitem_vjp(xp: Any, g: Any, y: Any, x: Any, *arrays: Any, frame: Any) -> tuple[Any, ...]:
    """Back to where it was taken from; what was taken twice adds up."""
    return xp.scatter_add(g, fill(frame, arrays), x.shape), *[None] * len(arrays)


def scatter_add_vjp(
    xp: Any, g: Any, y: Any, v: Any, *arrays: Any, frame: Any, shape: tuple[int, ...]
) -> tuple[Any, ...]:
    return unbroadcast(xp, xp.getitem(g, fill(frame, arrays)), v.shape), *[None] * len(arrays)


def index_set_vjp(
    xp: Any, g: Any, y: Any, x: Any, v: Any, *arrays: Any, frame: Any
) -> tuple[Any, ...]:
    """What was overwritten has no influence any more, what was written has it in its place."""
    key = fill(frame, arrays)
    taken = xp.getitem(g, key)
    dx = xp.index_set(g, key, xp.zeros_like(taken))
    if any(not xp.isdtype(a.dtype, "bool") for a in arrays):
        # Of the values written to one place a single one stayed, and only that one counts.
        order = xp.arange(math.prod(taken.shape), dtype=xp.int64, device=g.device)
        order = xp.reshape(order, taken.shape)
        written = xp.index_set(xp.zeros_like(g, dtype=xp.int64), key, order)
        taken = xp.where(xp.getitem(written, key) == order, taken, 0)
    return dx, unbroadcast(xp, taken, v.shape), *[None] * len(arrays)


_getitem = primitive(
    "getitem",
    joint=getitem_vjp,
    forward=lambda xp, x, *arrays, frame: xp.getitem(x, fill(frame, arrays)),
    wrapped=True,
    complex=True,
)
_scatter_add = primitive(
    "scatter_add",
    joint=scatter_add_vjp,
    forward=lambda xp, v, *arrays, frame, shape: xp.scatter_add(v, fill(frame, arrays), shape),
    complex=True,
)
_index_set = primitive(
    "index_set",
    joint=index_set_vjp,
    forward=lambda xp, x, v, *arrays, frame: xp.index_set(x, fill(frame, arrays), v),
    complex=True,
)


def getitem(x: Tensor, key: Any, /) -> Tensor:
    """`x[key]`, by NumPy's rules: a new value, never a view."""
    frame, arrays = split_key("getitem", key, x)
    return _getitem.apply(x, *arrays, frame=frame)


def scatter_add(v: Tensor, key: Any, shape: tuple[int, ...], /) -> Tensor:
    """Zeros of `shape` with v added at `key`; places named twice receive the sum."""
    frame, arrays = split_key("scatter_add", key, v)
    return _scatter_add(v, *arrays, frame=frame, shape=tuple(shape))


def index_set(x: Tensor, key: Any, v: Tensor | float, /) -> Tensor:
    """A copy of x with v, broadcast, at `key`; a place named twice keeps one of the values.

    Raises TypeError for values that x's dtype can't hold, IndexError for a key that does not fit.
    """
    frame, arrays = split_key("index_set", key, x)
    return _index_set(x, as_values("index_set", v, x), *arrays, frame=frame)


HOLDS = {"b": "b", "i": "biu", "u": "biu", "f": "biuf", "c": "biufc"}
"""The kinds of number that a dtype of each kind can hold."""


def as_values(name: str, v: Any, x: Tensor) -> Tensor:
    """What is put into x: a number or an array, as a Tensor of x's dtype.

    Raises TypeError for a kind of number that x's dtype can't hold.
    """
    v = v.item() if isinstance(v, numpy.generic) else v
    given = v if isinstance(v, Tensor) else namespace.asarray(v, device=x.device)
    if given.dtype.kind not in HOLDS[x.dtype.kind]:
        raise TypeError(
            f"{name}: a value of {given.dtype} would be cut short in a Tensor of {x.dtype}; "
            "cast one with mg.astype"
        )
    if given.dtype == x.dtype:
        return given
    # A Python number that became a float32 on the way to a float64 would have lost digits.
    return namespace.asarray(v, dtype=x.dtype, device=x.device)


class At:
    """`x.at[key]`: the place for `set` and `add`, which return a new Tensor."""

    def __init__(self, x: Tensor, key: Any = ...) -> None:
        self.x = x
        self.key = key

    def __getitem__(self, key: Any) -> At:
        return At(self.x, key)

    def set(self, v: Tensor | float) -> Tensor:
        """x with v at the key."""
        return index_set(self.x, self.key, v)

    def add(self, v: Tensor | float) -> Tensor:
        """x with v added at the key; places named twice receive the sum."""
        x = self.x
        v = as_values("at[key].add", v, x)
        taken = getitem(x, self.key)
        return x + scatter_add(namespace.broadcast_to(v, taken.shape), self.key, x.shape)


def take(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor:
    """The slices of x along `axis` that `indices` names."""
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"take: a Tensor of shape {x.shape} needs an axis")
        axis = 0
    lead = (slice(None),) * axis_of("take", axis, x.ndim)
    return getitem(x, (*lead, indices))


def take_along_axis(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor:
    """x[..., indices[i, ..., k], ...]: `indices` broadcasts against x on every other axis."""
    axis = axis_of("take_along_axis", axis, x.ndim)
    if indices.ndim != x.ndim:
        raise ValueError(
            f"take_along_axis: indices of shape {indices.shape} for a Tensor of shape {x.shape}: "
            "expected as many axes; add some with mg.expand_dims"
        )
    key: list[Any] = []
    for i, n in enumerate(x.shape):
        shape = tuple(n if j == i else 1 for j in range(x.ndim))
        grid = namespace.arange(n, dtype=namespace.int64, device=x.device)
        key.append(indices if i == axis else namespace.reshape(grid, shape))
    return getitem(x, tuple(key))


_sorting_order = primitive("argsort", None, constant=True)
_searchsorted = primitive("searchsorted", None, None, constant=True)


def argsort(
    x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Tensor:
    """The indices that sort x along `axis`: integers, without a derivative."""
    return _sorting_order(x, axis=axis, descending=descending, stable=stable)


def sort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """x in order along `axis`. Each element keeps its own gradient."""
    return take_along_axis(x, argsort(x, axis=axis, descending=descending), axis=axis)


def searchsorted(
    x1: Tensor, x2: Tensor, /, *, side: str = "left", sorter: Tensor | None = None
) -> Tensor:
    """Where in the sorted x1 each element of x2 belongs: integers, without a derivative."""
    if sorter is not None:
        x1 = take(x1, sorter)
    return _searchsorted(x1, x2, side=side)


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """The indices of the elements that are not zero, one Tensor an axis."""
    backend = x.device.backend
    return tuple(Tensor(i, x.device) for i in backend.xp.nonzero(x.data))


def pairs_of(pad_width: PadWidth, shape: tuple[int, ...]) -> list[list[int]]:
    """The elements before and after each axis."""
    import numpy

    expected = f"expected {len(shape)} pairs (before, after), none negative, or one, or a number"
    message = f"pad: pad_width {pad_width} for shape {shape}; {expected}"
    try:
        widths = numpy.asarray(pad_width)
        pairs = numpy.broadcast_to(widths if widths.size else widths.reshape(0, 2), (len(shape), 2))
    except ValueError:
        raise ValueError(message) from None
    if pairs.dtype.kind not in "iu" and pairs.size:
        raise TypeError(message)
    if (pairs < 0).any():
        raise ValueError(message)
    found: list[list[int]] = pairs.tolist()
    return found


def pad(
    x: Tensor,
    /,
    pad_width: PadWidth,
    *,
    constant_values: float = 0,
) -> Tensor:
    """x with `pad_width[i] = (before, after)` elements of `constant_values` around axis i.

    One pair, or one number, holds for every axis, as in NumPy. Raises ValueError for another number
    of pairs and for negative numbers, TypeError for what is no integer.
    """
    pairs = pairs_of(pad_width, x.shape)
    shape = tuple(a + n + b for n, (a, b) in zip(x.shape, pairs, strict=True))
    inside = tuple(slice(a, a + n) for n, (a, _) in zip(x.shape, pairs, strict=True))
    if constant_values == 0:
        return scatter_add(x, inside, shape)
    return index_set(
        namespace.full(shape, constant_values, dtype=x.dtype, device=x.device), inside, x
    )
