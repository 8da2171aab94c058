"""NumPy's indexing, its adjoint and its functional assignment, in the words of the standard.

The standard indexes with integers, slices, None, an ellipsis, one boolean mask, or integer arrays
for every axis. Everything else is brought to that: a mask becomes integer arrays, and integer
arrays mixed with slices become one row number each, so that gathering is `take` and scattering is
a sum over sorted rows.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Key", "expand_key", "getitem", "index_set", "is_basic", "scatter_add"]

Key = Any


def is_basic(key: Key) -> bool:
    """Whether `key` holds only integers, slices, None and an ellipsis."""
    entries = key if isinstance(key, tuple) else (key,)
    return all(e is None or e is ... or isinstance(e, slice | int) for e in entries) and not any(
        isinstance(e, bool) for e in entries
    )


def expand_key(key: Key, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """`key` as a tuple with an entry for each axis of `shape` (a mask for several) and each None.

    Slices come out within bounds, so that libraries which leave the rest undefined accept them. An
    ellipsis that stands for no axis stays: it still counts as standing between its neighbours.
    Raises IndexError for too many entries, an integer out of bounds or a mask of another shape.
    """
    entries = list(key) if isinstance(key, tuple) else [key]
    used = sum(entry_axes(e) for e in entries)
    if used > len(shape):
        raise IndexError(f"{used} indices for an array of shape {shape}")
    ellipses = [i for i, e in enumerate(entries) if e is ...]
    if len(ellipses) > 1:
        raise IndexError("an index holds more than one ellipsis")
    where = ellipses[0] if ellipses else len(entries)
    left = [slice(None)] * (len(shape) - used)
    entries[where : where + 1] = left or entries[where : where + 1]
    axis = 0
    for i, entry in enumerate(entries):
        if isinstance(entry, slice):
            entries[i] = bounded_slice(entry, shape[axis])
        elif isinstance(entry, int) and not -shape[axis] <= entry < shape[axis]:
            raise IndexError(f"index {entry} is out of bounds for axis {axis} of shape {shape}")
        elif is_mask(entry) and entry.shape != shape[axis : axis + entry.ndim]:
            raise IndexError(f"a mask of shape {entry.shape} at axis {axis} of shape {shape}")
        axis += entry_axes(entry)
    return tuple(entries)


def entry_axes(entry: Any) -> int:
    """How many axes of the array one entry of a key stands for."""
    if entry is None or entry is ...:
        return 0
    return entry.ndim if is_mask(entry) else 1


def is_mask(entry: Any) -> bool:
    return str(getattr(entry, "dtype", "")).rpartition(".")[2] == "bool"


def bounded_slice(s: slice, size: int) -> slice:
    start, stop, step = s.indices(size)
    if len(range(start, stop, step)) == 0:
        return slice(0, 0, 1)
    return slice(start, None if stop < 0 else stop, step)


def getitem(xp: Any, x: Any, key: Key) -> Any:
    """`x[key]`, by NumPy's rules."""
    key = expand_key(key, x.shape)
    if is_basic(key):
        return x[key]
    plan = Gather(xp, key, x.shape)
    rows = xp.reshape(xp.permute_dims(x[plan.basic], plan.order), (plan.n_rows, plan.row_size))
    return plan.arrange(xp.take(rows, plan.rows, axis=0))


def scatter_add(xp: Any, v: Any, key: Key, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `v` added at `key`: the adjoint of `getitem`. Repeats add up."""
    key = expand_key(key, shape)
    if is_basic(key):
        return assigned(xp, xp.zeros(shape, dtype=v.dtype, device=v.device), key, v)
    plan = Gather(xp, key, shape)
    summed = sum_rows(xp, plan.disarrange(v), plan.rows, plan.n_rows)
    placed = xp.permute_dims(xp.reshape(summed, plan.moved_shape), plan.inverse)
    return scatter_add(xp, placed, plan.basic, shape)


def index_set(xp: Any, x: Any, key: Key, v: Any) -> Any:
    """A copy of `x` with `v` (broadcast) at `key`; of repeated indices the last one stays."""
    key = expand_key(key, x.shape)
    y = xp.asarray(x, copy=True)
    if is_basic(key):
        return assigned(xp, y, key, v)
    plan = Gather(xp, key, x.shape)
    order = xp.argsort(plan.rows, stable=True)
    row_numbers = xp.arange(plan.n_rows, device=x.device)
    last = xp.searchsorted(xp.take(plan.rows, order), row_numbers, side="right") - 1
    if plan.count == 0:
        return y
    last = xp.take(order, xp.where(last < 0, 0, last))
    hit = xp.take(plan.rows, last) == row_numbers
    new = xp.take(plan.disarrange(xp.broadcast_to(v, plan.result_shape)), last, axis=0)
    old = xp.reshape(xp.permute_dims(x[plan.basic], plan.order), (plan.n_rows, plan.row_size))
    rows = xp.where(hit[:, None], new, old)
    placed = xp.permute_dims(xp.reshape(rows, plan.moved_shape), plan.inverse)
    return assigned(xp, y, plan.basic, placed)


def assigned(xp: Any, y: Any, key: tuple[Any, ...], v: Any) -> Any:
    """`y`, which nobody else holds, after `y[key] = v` for a basic key.

    The standard has no None in a key that is assigned to, so the axes it makes are taken off `v`.
    """
    if any(entry is None for entry in key):
        v = xp.broadcast_to(v, y[key].shape)
        key = tuple(entry for entry in key if entry is not None)
        v = xp.reshape(v, y[key].shape)
    y[key] = v
    return y


class Gather:
    """A key with arrays in it, as the numbers of the rows it takes.

    The axes that arrays index are moved to the front and flattened: each place of the broadcast
    index arrays then names one row, and a row holds what the slices leave.
    """

    def __init__(self, xp: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> None:
        self.xp = xp
        entries: list[Any] = []
        basic: list[Any] = []
        for entry in key:
            found = [entry]
            if is_mask(entry):
                # A truth value makes an axis of one place, and takes it or not.
                found = xp.nonzero(entry if entry.ndim else xp.reshape(entry, (1,)))
            entries.extend(found)
            new_axis = is_mask(entry) and not entry.ndim
            basic.extend([None if new_axis else basic_part(e) for e in found])
        places = advanced_places(entries)
        # NumPy puts the block of the arrays where they stood if they stood together, else in front.
        together = places == list(range(places[0], places[0] + len(places)))
        entries = [e for e in entries if e is not ...]
        places = advanced_places(entries)
        device = next(entries[i].device for i in places if not isinstance(entries[i], int))
        self.basic = tuple(e for e in basic if e is not ...)
        sliced = basic_shape(self.basic, shape)
        arrays = [within(xp, entries[i], i, sliced, device) for i in places]
        arrays = list(xp.broadcast_arrays(*arrays))
        block = arrays[0].shape
        self.count = math.prod(block)

        rest = [i for i in range(len(sliced)) if i not in places]
        self.order = (*places, *rest)
        self.inverse = tuple(sorted(range(len(self.order)), key=self.order.__getitem__))
        self.moved_shape = tuple(sliced[i] for i in self.order)
        self.n_rows = math.prod(sliced[i] for i in places)
        self.row_size = math.prod(sliced[i] for i in rest)
        self.rows = xp.zeros((self.count,), dtype=xp.int64, device=device)
        for i, array in zip(places, arrays, strict=True):
            self.rows = self.rows * sliced[i] + xp.reshape(array, (self.count,))

        front = places[0] if together else 0
        rest_shape = tuple(sliced[i] for i in rest)
        self.block_first = (*block, *rest_shape)
        axes = list(range(len(block), len(self.block_first)))
        self.to_result = (*axes[:front], *range(len(block)), *axes[front:])
        self.result_shape = tuple(self.block_first[a] for a in self.to_result)

    def arrange(self, rows: Any) -> Any:
        """Taken rows, as the result that NumPy's rules give."""
        return self.xp.permute_dims(self.xp.reshape(rows, self.block_first), self.to_result)

    def disarrange(self, v: Any) -> Any:
        """The inverse of `arrange`."""
        back = tuple(sorted(range(len(self.to_result)), key=self.to_result.__getitem__))
        v = self.xp.permute_dims(self.xp.broadcast_to(v, self.result_shape), back)
        return self.xp.reshape(v, (self.count, self.row_size))


def basic_shape(key: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what a basic, expanded key without integers takes from `shape`."""
    sizes = iter(shape)
    return tuple(1 if e is None else len(range(*e.indices(next(sizes)))) for e in key)


def advanced_places(entries: list[Any]) -> list[int]:
    """Where in a key arrays stand, and integers, which count as arrays beside them."""
    return [
        i
        for i, e in enumerate(entries)
        if e is not None and e is not ... and not isinstance(e, slice)
    ]


def basic_part(entry: Any) -> Any:
    """What stands in the basic key for an entry: all of its axis for an array or an integer."""
    return entry if entry is None or entry is ... or isinstance(entry, slice) else slice(None)


def within(xp: Any, entry: Any, axis: int, shape: tuple[int, ...], device: Any) -> Any:
    """An index along an axis, as an int64 array without negative numbers.

    Raises IndexError for a number out of bounds: it would name a place in another row.
    """
    size = shape[axis]
    if isinstance(entry, int):
        entry = xp.asarray(entry, dtype=xp.int64, device=device)
    entry = xp.astype(entry, xp.int64)
    if bool(xp.any((entry < -size) | (entry >= size))):
        raise IndexError(f"an index is out of bounds for axis {axis} of shape {shape}")
    return xp.where(entry < 0, entry + size, entry)


def sum_rows(xp: Any, v: Any, rows: Any, n_rows: int) -> Any:
    """Row r of the result is the sum of the rows v[i] with rows[i] == r.

    Sorted by row, a segmented scan by doubling steps leaves each sum at the end of its segment:
    no atomics, so the order of the additions and hence the result is always the same.
    """
    count = v.shape[0]
    if count == 0:
        return xp.zeros((n_rows, v.shape[1]), dtype=v.dtype, device=v.device)
    order = xp.argsort(rows, stable=True)
    rows, v = xp.take(rows, order), xp.take(v, order, axis=0)
    step = 1
    while step < count:
        same = (rows[step:] == rows[:-step])[:, None]
        v = xp.concat([v[:step, :], v[step:, :] + xp.where(same, v[:-step, :], 0)], axis=0)
        step *= 2
    row_numbers = xp.arange(n_rows, device=v.device)
    last = xp.searchsorted(rows, row_numbers, side="right") - 1
    last = xp.where(last < 0, 0, last)
    hit = xp.take(rows, last) == row_numbers
    return xp.where(hit[:, None], xp.take(v, last, axis=0), 0)
