"""The same elements in another arrangement: linear operations, each beside its adjoint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ..inputs import describe, tensors_of
from ..primitive import primitive
from ..tensor import Tensor, namespace
from .axes import axis_of, require_matrices

__all__ = [
    "broadcast_arrays",
    "broadcast_to",
    "concat",
    "diff",
    "expand_dims",
    "flip",
    "meshgrid",
    "moveaxis",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tile",
    "tril",
    "triu",
    "unstack",
]


def inverse_of(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=lambda i: axes[i] % len(axes)))


def permute_dims_vjp(xp: Any, g: Any, y: Any, x: Any, *, axes: tuple[int, ...]) -> Any:
    return xp.permute_dims(g, inverse_of(axes))


def broadcast_to_vjp(xp: Any, g: Any, y: Any, x: Any, *, shape: tuple[int, ...]) -> Any:
    """Every copy's gradient counts."""
    lead = len(shape) - x.ndim
    copied = [i for i, n in enumerate(x.shape, lead) if n == 1 != shape[i]]
    return xp.reshape(xp.sum(g, axis=(*range(lead), *copied)), x.shape)


def concat_vjp(
    xp: Any, g: Any, y: Any, *xs: Any, axis: int, sizes: tuple[int, ...]
) -> tuple[Any, ...]:
    """Each input receives its own stretch."""
    lead = (slice(None),) * axis
    ends = list(accumulate(sizes))
    return tuple(
        xp.getitem(g, (*lead, slice(end - size, end)))
        for end, size in zip(ends, sizes, strict=True)
    )


def stack_vjp(xp: Any, g: Any, y: Any, *xs: Any, axis: int) -> tuple[Any, ...]:
    """Each input receives its own slice."""
    lead = (slice(None),) * axis
    return tuple(xp.getitem(g, (*lead, i)) for i in range(g.shape[axis]))


def roll_vjp(xp: Any, g: Any, y: Any, x: Any, *, shift: Any, axis: Any) -> Any:
    back = tuple(-s for s in shift) if isinstance(shift, tuple) else -shift
    return xp.roll(g, back, axis=axis)


def triangle_vjp(name: str) -> Any:
    return lambda xp, g, y, x, *, k: getattr(xp, name)(g, k=k)


def diagnose_reshape(x: Tensor, *, shape: tuple[int, ...], copy: bool | None = None) -> str:
    if copy is False and math.prod(shape) == x.size:
        return f"copy=False, but {x.shape} to {shape} has to be copied as it lies in memory"
    return f"{x.shape} has {x.size} elements, which do not fill {shape}"


def diagnose_broadcast_to(x: Tensor, *, shape: tuple[int, ...]) -> str:
    return f"{x.shape} does not broadcast to {shape}"


def diagnose_concat(*xs: Tensor, axis: int, sizes: tuple[int, ...]) -> str:
    listed = ", ".join(describe(x) for x in xs)
    return f"inputs differ in more than axis {axis}: {listed}"


def diagnose_stack(*xs: Tensor, axis: int) -> str:
    return f"inputs differ in shape: {', '.join(describe(x) for x in xs)}"


_reshape = primitive(
    "reshape",
    lambda xp, g, y, x, *, shape, copy=None: xp.reshape(g, x.shape),
    wrapped=True,
    diagnose=diagnose_reshape,
    complex=True,
)
_permute_dims = primitive(
    "permute_dims",
    permute_dims_vjp,
    wrapped=True,
    complex=True,
)
_broadcast_to = primitive(
    "broadcast_to",
    broadcast_to_vjp,
    wrapped=True,
    diagnose=diagnose_broadcast_to,
    complex=True,
)
_concat = primitive(
    "concat",
    joint=concat_vjp,
    forward=lambda xp, *xs, axis, sizes: xp.concat(list(xs), axis=axis),
    diagnose=diagnose_concat,
    complex=True,
)
_stack = primitive(
    "stack",
    joint=stack_vjp,
    forward=lambda xp, *xs, axis: xp.stack(list(xs), axis=axis),
    diagnose=diagnose_stack,
    complex=True,
)
_flip = primitive("flip", lambda xp, g, y, x, *, axis: xp.flip(g, axis=axis), complex=True)
_roll = primitive(
    "roll",
    roll_vjp,
    forward=lambda xp, x, *, shift, axis: xp.roll(x, shift, axis=axis),
    complex=True,
)
_tril = primitive("tril", triangle_vjp("tril"), complex=True)
_triu = primitive("triu", triangle_vjp("triu"), complex=True)


def reshape(x: Tensor, /, shape: int | tuple[int, ...], *, copy: bool | None = None) -> Tensor:
    """The elements of x, in row-major order, in another shape; one size may be -1.

    Shares x's memory where it can, unless `copy`. Raises ValueError for a shape that x does not
    fill, and for `copy=False` where the elements have to be copied.
    """
    if shape.__class__ is not tuple:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if -1 in shape:
        shape = completed(shape, x.size)
    if copy is None:
        return _reshape.apply(x, shape=shape)
    return _reshape.apply(x, shape=shape, copy=copy)


def completed(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape with what its only -1 stands for; as it is where nothing fits."""
    known = -math.prod(shape)
    if shape.count(-1) > 1 or known == 0 or size % known:
        return shape
    return tuple(size // known if n == -1 else n for n in shape)


def permute_dims(x: Tensor, /, axes: tuple[int, ...]) -> Tensor:
    """The axes of x in the order `axes`."""
    if sorted(a % len(axes) for a in axes if -x.ndim <= a < x.ndim) != list(range(x.ndim)):
        raise ValueError(f"permute_dims: {axes} is no permutation of the axes of {x.shape}")
    return _permute_dims.apply(x, axes=tuple(axes))


def moveaxis(x: Tensor, source: Any, destination: Any, /) -> Tensor:
    """x with the axes `source` moved to the places `destination`, the others in order."""
    sources = (source,) if isinstance(source, int) else tuple(source)
    targets = (destination,) if isinstance(destination, int) else tuple(destination)
    sources = tuple(axis_of("moveaxis", a, x.ndim) for a in sources)
    targets = tuple(axis_of("moveaxis", a, x.ndim) for a in targets)
    if len(set(sources)) != len(set(targets)) or len(sources) != len(targets):
        raise ValueError(
            f"moveaxis: {source} and {destination} do not pair up axes of {x.shape}; name each "
            "axis once in both"
        )
    order = [i for i in range(x.ndim) if i not in sources]
    for target, a in sorted(zip(targets, sources, strict=True)):
        order.insert(target, a)
    return permute_dims(x, tuple(order))


def expand_dims(x: Tensor, /, axis: int | tuple[int, ...]) -> Tensor:
    """x with an axis of size 1 at each place `axis` of the result."""
    axes = (axis,) if isinstance(axis, int) else axis
    ndim = x.ndim + len(axes)
    places = {axis_of("expand_dims", a, ndim) for a in axes}
    if len(places) != len(axes):
        raise ValueError(
            f"expand_dims: {axis} names an axis of the result twice, for a Tensor of shape "
            f"{x.shape}"
        )
    sizes = iter(x.shape)
    return _reshape.apply(x, shape=tuple(1 if i in places else next(sizes) for i in range(ndim)))


def squeeze(x: Tensor, /, axis: int | tuple[int, ...]) -> Tensor:
    """x without the axes `axis`, each of size 1."""
    axes = {axis_of("squeeze", a, x.ndim) for a in ((axis,) if isinstance(axis, int) else axis)}
    for a in axes:
        if x.shape[a] != 1:
            raise ValueError(f"squeeze: axis {a} of {x.shape} has size {x.shape[a]}, not 1")
    return _reshape.apply(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


def broadcast_to(x: Tensor, /, shape: tuple[int, ...]) -> Tensor:
    """x repeated along new axes and axes of size 1 until it has `shape`."""
    return _broadcast_to.apply(x, shape=tuple(shape))


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """The arrays, each broadcast to the shape they have together."""
    import numpy

    tensors = tensors_of("broadcast_arrays", arrays)
    try:
        shape = numpy.broadcast_shapes(*(x.shape for x in tensors))
    except ValueError:
        listed = ", ".join(str(x.shape) for x in tensors)
        raise ValueError(f"broadcast_arrays: {listed}: shapes do not broadcast") from None
    return [broadcast_to(x, shape) for x in tensors]


def concat(arrays: Sequence[Tensor], /, *, axis: int | None = 0) -> Tensor:
    """The arrays one after another along `axis`; flattened first for None."""
    arrays = tensors_of("concat", arrays)
    if axis is None:
        arrays, axis = [reshape(x, (-1,)) for x in arrays], 0
    if not arrays:
        raise ValueError("concat: expected at least one Tensor")
    arrays = same_dtype(arrays)
    axis = axis_of("concat", axis, arrays[0].ndim)
    sizes = tuple(x.shape[axis] if axis < x.ndim else 0 for x in arrays)
    return _concat(*arrays, axis=axis, sizes=sizes)


def stack(arrays: Sequence[Tensor], /, *, axis: int = 0) -> Tensor:
    """The arrays, all of one shape, side by side along a new axis."""
    arrays = tensors_of("stack", arrays)
    if not arrays:
        raise ValueError("stack: expected at least one Tensor")
    arrays = same_dtype(arrays)
    return _stack(*arrays, axis=axis_of("stack", axis, arrays[0].ndim + 1))


def same_dtype(arrays: Sequence[Tensor]) -> list[Tensor]:
    """The arrays in the dtype that they promote to."""
    if len({x.dtype for x in arrays}) == 1:
        return list(arrays)
    dtype = namespace.result_type(*arrays)
    return [x if x.dtype == dtype else namespace.astype(x, dtype) for x in arrays]


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of x along `axis`: the inverse of `stack`."""
    axis = axis_of("unstack", axis, x.ndim)
    lead = (slice(None),) * axis
    return tuple(namespace.getitem(x, (*lead, i)) for i in range(x.shape[axis]))


def flip(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """x in reverse order along `axis` (every axis for None)."""
    return _flip(x, axis=axis)


def roll(
    x: Tensor,
    /,
    shift: int | tuple[int, ...],
    *,
    axis: int | tuple[int, ...] | None = None,
) -> Tensor:
    """x shifted along `axis`; what leaves at one end comes in at the other."""
    return _roll(x, shift=shift, axis=axis)


def repeat(x: Tensor, repeats: int | Tensor, /, *, axis: int | None = None) -> Tensor:
    """Each element `repeats` times in a row along `axis` (of the flattened x for None)."""
    import numpy

    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = axis_of("repeat", axis, x.ndim)
    counts = repeats.tolist() if isinstance(repeats, Tensor) else repeats
    order = numpy.repeat(numpy.arange(x.shape[axis]), counts)
    return namespace.take(x, namespace.asarray(order, device=x.device), axis=axis)


def tile(x: Tensor, repetitions: tuple[int, ...], /) -> Tensor:
    """x laid side by side `repetitions` times along each axis."""
    ndim = max(x.ndim, len(repetitions))
    shape = (*[1] * (ndim - x.ndim), *x.shape)
    times = (*[1] * (ndim - len(repetitions)), *repetitions)
    doubled = tuple(n for pair in zip([1] * ndim, shape, strict=True) for n in pair)
    copied = tuple(n for pair in zip(times, shape, strict=True) for n in pair)
    x = broadcast_to(_reshape(x, shape=doubled), copied)
    return _reshape.apply(x, shape=tuple(t * n for t, n in zip(times, shape, strict=True)))


def tril(x: Tensor, /, *, k: int = 0) -> Tensor:
    """x with zeros above the k-th diagonal of its last two axes."""
    require_matrices("tril", x.shape)
    return _tril(x, k=k)


def triu(x: Tensor, /, *, k: int = 0) -> Tensor:
    """x with zeros below the k-th diagonal of its last two axes."""
    require_matrices("triu", x.shape)
    return _triu(x, k=k)


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Coordinate arrays of the grid that 1-d arrays span; "xy" swaps the first two axes."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is {indexing!r}, expected 'xy' or 'ij'")
    n = len(arrays)
    places = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    grid = [
        _reshape(x, shape=tuple(-1 if i == place else 1 for i in range(n)))
        for x, place in zip(arrays, places, strict=True)
    ]
    return broadcast_arrays(*grid)


def diff(
    x: Tensor,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:
    """The n-th differences of neighbours along `axis`, of which the 0-th is x itself."""
    if n == 0:
        return namespace.positive(x)
    ends = [a for a in (prepend, x, append) if a is not None]
    x = concat(ends, axis=axis) if len(ends) > 1 else x
    lead = (slice(None),) * axis_of("diff", axis, x.ndim)
    for _ in range(n):
        x = x[(*lead, slice(1, None))] - x[(*lead, slice(0, -1))]
    return x
