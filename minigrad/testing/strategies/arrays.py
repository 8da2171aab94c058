"""Strategies for arrays and Tensors: dtype, shape, values, layout, backend and device.

An array is drawn as a seed, which is fast at any size, and shrinks to a small shape in C order.
Seed 0 stands for the simplest values: a failure that does not depend on them shows those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backends import current_device
from minigrad.backends import device as device_named

from ..derivatives import cotangent_for
from ..domain import Domain
from ..layout import LAYOUTS, lay_out

__all__ = [
    "SIDES",
    "arrays",
    "axes",
    "broadcastable_arrays",
    "broadcastable_shapes",
    "cotangents_like",
    "dtypes",
    "layouts",
    "seeds",
    "shapes",
    "tensors",
]

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]

SIDES = (1, 2, 3)
"""The sizes of axes, unless a test asks for others: small, and 1 among them, which broadcasts."""

seeds = st.integers(0, 2**32 - 1)
layouts = st.sampled_from(LAYOUTS)


def dtypes(kinds: str = "f", device: Any = None) -> st.SearchStrategy[np.dtype[Any]]:
    """Dtypes of these kinds ("f" floating, "i" and "u" integer, "b" boolean, "c" complex).

    Only those that the backend of `device` has, the default one's unless given; float16 among the
    floating ones only where it has it. Raises ValueError if that leaves none.
    """
    target = current_device() if device is None else device_named(device)
    backend = target.backend
    found = [np.dtype(name) for name in backend.dtypes]
    found = [dtype for dtype in found if dtype.kind in kinds]
    if not found:
        raise ValueError(f"dtypes: backend {backend.name!r} has no dtype of the kinds {kinds!r}")
    return st.sampled_from(sorted(found, key=lambda dtype: (dtype.kind, -dtype.itemsize)))


def shapes(
    min_dims: int = 0, max_dims: int = 3, sides: Sequence[int] = SIDES
) -> st.SearchStrategy[Shape]:
    """Shapes of a few axes whose sizes are from `sides`; 0 among them makes empty arrays."""
    if min_dims > max_dims or not sides:
        raise ValueError(f"shapes: {min_dims} to {max_dims} axes of sizes {sides} are none")
    return st.lists(st.sampled_from(sides), min_size=min_dims, max_size=max_dims).map(tuple)


@st.composite
def broadcastable_shapes(
    draw: st.DrawFn, count: int, max_dims: int = 3, sides: Sequence[int] = SIDES
) -> list[Shape]:
    """`count` shapes that broadcast: leading axes may be missing, others may have size 1.

    Raises ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError(f"broadcastable_shapes: {count} shapes are none")
    full = draw(shapes(0, max_dims, sides))
    found = []
    for _ in range(count):
        tail = (
            full[draw(st.integers(0, len(full))) :] if bool(full) and draw(st.booleans()) else full
        )
        ones = draw(st.integers(0, 2 ** len(tail) - 1)) if draw(st.booleans()) else 0
        found.append(tuple(1 if ones >> i & 1 else n for i, n in enumerate(tail)))
    return found


@st.composite
def axes(draw: st.DrawFn, ndim: int) -> int | tuple[int, ...] | None:
    """The `axis` of a reduction over `ndim` axes: None, one counted from either end, several.

    Raises ValueError for a negative ndim.
    """
    if ndim < 0:
        raise ValueError(f"axes: an array can't have {ndim} axes")
    if ndim == 0:
        return () if draw(st.booleans()) else None
    one = st.integers(-ndim, ndim - 1)
    several = st.lists(st.integers(0, ndim - 1), unique=True, max_size=ndim).map(tuple)
    return draw(st.one_of(st.none(), one, several))


@st.composite
def arrays(
    draw: st.DrawFn,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: Any = "float64",
    elements: Domain | None = None,
    layout: str | st.SearchStrategy[str] = layouts,
) -> Array:
    """NumPy arrays of a shape, a dtype, values and a layout; each but the values may be drawn.

    `elements` is a `Domain`; its kind has to be that of `dtype`, which ValueError says otherwise,
    and which TypeError says of a dtype that is no number's.
    """
    shape = draw(shapes()) if shape is None else drawn(draw, shape)
    dtype = np.dtype(drawn(draw, dtype))
    if dtype.kind not in "fiubc":
        raise TypeError(f"arrays: {dtype} is no dtype of numbers or truth values")
    kind = "i" if dtype.kind == "u" else dtype.kind
    domain = elements or Domain(low=0.0 if dtype.kind == "u" else -3.0, kind=kind)
    if domain.kind != kind:
        raise ValueError(f"arrays: elements of kind {domain.kind!r} for the dtype {dtype}")
    values = values_of(domain, draw(seeds), shape)
    return lay_out(values.astype(dtype), drawn(draw, layout))


def drawn(draw: st.DrawFn, choice: Any) -> Any:
    return draw(choice) if isinstance(choice, st.SearchStrategy) else choice


def values_of(domain: Domain, seed: int, shape: Shape) -> Array:
    """The values that a seed stands for; for seed 0, rounded to quarters where that is allowed."""
    values = np.asarray(domain.values(np.random.default_rng(seed), shape))
    if seed or domain.kind != "f" or domain.away or domain.distinct or domain.step:
        return values
    rounded = np.round(values * 4) / 4
    inside = (rounded - domain.shift >= domain.low) & (rounded - domain.shift <= domain.high)
    return np.where(inside, rounded, values)


@st.composite
def broadcastable_arrays(
    draw: st.DrawFn,
    count: int,
    dtype: Any = "float64",
    elements: Domain | None = None,
    max_dims: int = 3,
    sides: Sequence[int] = SIDES,
) -> list[Array]:
    """`count` arrays whose shapes broadcast."""
    found = draw(broadcastable_shapes(count, max_dims, sides))
    return [draw(arrays(shape, dtype, elements)) for shape in found]


@st.composite
def tensors(
    draw: st.DrawFn,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: Any = "float64",
    elements: Domain | None = None,
    layout: str | st.SearchStrategy[str] = layouts,
    device: Any = None,
    requires_grad: bool = False,
) -> mg.Tensor:
    """Tensors on a device; on the CPU they lie in memory as `layout` says.

    Raises TypeError for a gradient of a dtype that has none, RuntimeError or ValueError for a
    device whose backend is absent or unknown.
    """
    array = draw(arrays(shape, dtype, elements, layout))
    return mg.asarray(array, device=device, requires_grad=requires_grad)


def cotangents_like(x: Any) -> st.SearchStrategy[Array]:
    """Random cotangents for a value: NumPy arrays of its shape and dtype, never all ones.

    Raises TypeError for a value that has none: of integers or truth values.
    """
    if x.dtype.kind not in "fc":
        raise TypeError(f"cotangents_like: a value of {x.dtype} has no derivative, no cotangent")
    make: Callable[[int], Array] = lambda seed: cotangent_for(x, np.random.default_rng(seed))
    return seeds.map(make)
