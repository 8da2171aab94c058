"""Keys to index an array with: integers, slices, None, an ellipsis, masks, arrays, and mixtures."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

__all__ = ["index_expressions"]

Shape = tuple[int, ...]


def slices(size: int) -> st.SearchStrategy[slice]:
    """Slices of either direction, also beyond the ends and empty ones."""
    bound = st.none() | st.integers(-size - 2, size + 2)
    return st.builds(slice, bound, bound, st.sampled_from([None, 1, 2, -1, -2]))


@st.composite
def index_expressions(
    draw: st.DrawFn, shape: Shape, arrays: bool = True, repeats: bool = True
) -> Any:
    """A key for an array of `shape`, as NumPy takes it.

    With `arrays`, some axes are indexed by integer arrays, which broadcast, or by a mask; with
    `repeats`, an array may name a place twice.
    """
    block = draw(st.sampled_from([(), (1,), (2,), (3,), (2, 1), (2, 3)]))
    kinds = ["all", "slice", "integer", "array", "mask"]
    entries: list[Any] = []
    axis = 0
    while axis < len(shape):
        size = shape[axis]
        kind = draw(st.sampled_from(kinds if size else ["all", "slice"]))
        if kind in ("array", "mask") and not arrays:
            kind = "all"
        if kind == "all":
            entries.append(slice(None))
        elif kind == "slice":
            entries.append(draw(slices(size)))
        elif kind == "integer":
            entries.append(draw(st.integers(-size, size - 1)))
        elif kind == "array":
            entries.append(draw(index_array(size, block, repeats)))
            if not repeats:
                kinds = ["all", "slice"]
        else:
            # A mask counts as the arrays of its places: their number has to broadcast.
            kinds = ["all", "slice"] if not repeats else ["all", "slice", "integer"]
            if any(isinstance(e, np.ndarray) for e in entries):
                entries.append(slice(None))
            else:
                axes = draw(st.integers(1, min(2, len(shape) - axis)))
                bits = [draw(st.booleans()) for _ in range(int(np.prod(shape[axis : axis + axes])))]
                entries.append(np.array(bits, dtype=bool).reshape(shape[axis : axis + axes]))
                axis += axes - 1
        axis += 1
    return draw(dressed(entries))


@st.composite
def index_array(draw: st.DrawFn, size: int, block: Shape, repeats: bool) -> Any:
    if not repeats:
        count = draw(st.integers(1, size))
        return np.array(draw(st.permutations(range(size)))[:count])
    shape = tuple(draw(st.sampled_from([1, n])) for n in block)
    count = int(np.prod(shape, dtype=int))
    values = draw(st.lists(st.integers(-size, size - 1), min_size=count, max_size=count))
    return np.array(values, dtype=np.int64).reshape(shape)


@st.composite
def dressed(draw: st.DrawFn, entries: list[Any]) -> Any:
    """The entries as a key: perhaps without trailing full slices, with an ellipsis, with None."""
    entries = list(entries)
    full = [i for i, e in enumerate(entries) if isinstance(e, slice) and e == slice(None)]
    if draw(st.booleans()):
        if bool(full) and draw(st.booleans()):
            entries[draw(st.sampled_from(full))] = ...
        else:
            entries.insert(draw(st.integers(0, len(entries))), ...)
    else:
        while entries and isinstance(entries[-1], slice) and entries[-1] == slice(None):
            entries.pop()
    if draw(st.integers(0, 3)) == 0:
        entries.insert(draw(st.integers(0, len(entries))), None)
    if len(entries) == 1 and draw(st.booleans()):
        return entries[0]
    return tuple(entries)
