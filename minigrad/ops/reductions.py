"""Many elements to one: sums, means, moments, extrema, products.

Ties of max and min share the gradient equally, as PyTorch's amax and amin do.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy

from ..primitive import primitive
from ..tensor import Tensor, namespace
from .axes import Axis, axes_of, axis_of, count_of, restore_axes

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "cumulative_prod",
    "cumulative_sum",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


def sum_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Every summand receives the gradient of the sum."""
    return xp.broadcast_to(restore_axes(xp, g, x.shape, axis, keepdims), x.shape)


def mean_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Every element receives its share of the gradient."""
    shape = x.shape
    share = g / (count_of(shape, axis) or 1)
    return xp.broadcast_to(restore_axes(xp, share, shape, axis, keepdims), shape)


def centred(xp: Any, x: Any, axis: Axis) -> Any:
    return x - xp.mean(x, axis=axis, keepdims=True)


def per_degree(shape: tuple[int, ...], axis: Axis, correction: float) -> float:
    """One over the degrees of freedom; NaN, like the variance itself, where there are none."""
    n = count_of(shape, axis) - correction
    return 1 / n if n > 0 else math.nan


def var_vjp(
    xp: Any, g: Any, y: Any, x: Any, *, axis: Axis, correction: float, keepdims: bool
) -> Any:
    """The derivative of a sum of squares: the mean inside it contributes nothing."""
    scale = 2 * per_degree(x.shape, axis, correction)
    return restore_axes(xp, g, x.shape, axis, keepdims) * scale * centred(xp, x, axis)


def std_vjp(
    xp: Any, g: Any, y: Any, x: Any, *, axis: Axis, correction: float, keepdims: bool
) -> Any:
    """As the variance's, over 2 y; 0 where all elements are equal."""
    scale = restore_axes(xp, g / xp.where(y == 0, 1, y), x.shape, axis, keepdims)
    return scale * per_degree(x.shape, axis, correction) * centred(xp, x, axis)


def extremum_vjp(
    xp: Any, g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False
) -> Any:
    """The elements that attain the extremum share the gradient equally."""
    g, y = (restore_axes(xp, a, x.shape, axis, keepdims) for a in (g, y))
    attains = xp.astype(x == y, x.dtype)
    return g * attains / xp.sum(attains, axis=axis, keepdims=True)


def prod_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Each element is multiplied by the product of the others; none is divided by."""
    axes = axes_of(axis, x.ndim)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    order = (*rest, *axes)
    inverse = tuple(sorted(range(x.ndim), key=order.__getitem__))
    moved = xp.permute_dims(x, order)
    flat = xp.reshape(moved, (*moved.shape[: len(rest)], count_of(x.shape, axes)))
    others = xp.permute_dims(xp.reshape(product_of_others(xp, flat), moved.shape), inverse)
    return restore_axes(xp, g, x.shape, axis, keepdims) * others


def product_of_others(xp: Any, x: Any) -> Any:
    """Along the last axis, what stands before each element times what stands after it."""
    after = xp.flip(exclusive_prod(xp, xp.flip(x, axis=-1)), axis=-1)
    return exclusive_prod(xp, x) * after


def exclusive_prod(xp: Any, x: Any) -> Any:
    """Running products along the last axis that leave out the element they stand at."""
    running = xp.cumulative_prod(x, axis=-1)
    ones = xp.ones((*x.shape[:-1], 1), dtype=x.dtype, device=x.device)
    return xp.getitem(xp.concat([ones, running], axis=-1), (..., slice(0, x.shape[-1])))


def cumulative_sum_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: int) -> Any:
    """An element counts in every sum from its own on: the running sum from the other end."""
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


def cumulative_prod_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: int) -> Any:
    """What stands before x_i times r_i, where r_i = g_i + x_(i+1) r_(i+1).

    No division, so zeros do no harm. The recurrence is solved by doubling steps.
    """
    x, g = xp.moveaxis(x, axis, -1), xp.moveaxis(g, axis, -1)
    size = x.shape[-1]
    r, factor = g, shifted(xp, x, 1)
    step = 1
    while step < size:
        r = r + factor * shifted(xp, r, step)
        factor = factor * shifted(xp, factor, step)
        step *= 2
    return xp.moveaxis(exclusive_prod(xp, x) * r, -1, axis)


def shifted(xp: Any, x: Any, step: int) -> Any:
    """What stands `step` places later along the last axis, and zeros past the end."""
    step = builtins.min(step, x.shape[-1])
    gap = xp.zeros((*x.shape[:-1], step), dtype=x.dtype, device=x.device)
    return xp.concat([xp.getitem(x, (..., slice(step, None))), gap], axis=-1)


_sum = primitive("sum", sum_vjp, wrapped=True, complex=True)
_mean = primitive("mean", mean_vjp, floating=True, wrapped=True, complex=True)
_var = primitive("var", var_vjp, floating=True)
_std = primitive("std", std_vjp, floating=True)
_prod = primitive("prod", prod_vjp, complex=True)
_max = primitive("max", extremum_vjp)
_min = primitive("min", extremum_vjp)
_cumulative_sum = primitive("cumulative_sum", cumulative_sum_vjp, complex=True)
_cumulative_prod = primitive("cumulative_prod", cumulative_prod_vjp, complex=True)

_all = primitive("all", None, constant=True)
_any = primitive("any", None, constant=True)
_argmax = primitive("argmax", None, constant=True)
_argmin = primitive("argmin", None, constant=True)
_count_nonzero = primitive("count_nonzero", None, constant=True)


def all(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements over `axis` are true, or not zero."""
    return _all(x, axis=axis, keepdims=keepdims)


def any(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether any element over `axis` is true, or not zero."""
    return _any(x, axis=axis, keepdims=keepdims)


def argmax(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first largest element along `axis` (of the flattened x for None)."""
    return _argmax(x, axis=axis, keepdims=keepdims)


def argmin(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first smallest element along `axis` (of the flattened x for None)."""
    return _argmin(x, axis=axis, keepdims=keepdims)


def count_nonzero(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements over `axis` are not zero."""
    return _count_nonzero(x, axis=axis, keepdims=keepdims)


def sum(x: Tensor, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis` (all axes for None). float16 accumulates in float32."""
    if dtype is not None:
        return in_dtype(_sum, x, dtype, axis=axis, keepdims=keepdims)
    if axis is None and not keepdims:
        return _sum.apply(x)
    return _sum.apply(x, axis=axis, keepdims=keepdims)


def mean(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over `axis`; of no elements, NaN. Integers count as the default floating dtype."""
    if axis is None and not keepdims:
        return _mean.apply(x)
    return _mean.apply(x, axis=axis, keepdims=keepdims)


def var(
    x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """The mean square distance from the mean, over n - correction (Bessel's is 1)."""
    return _var(x, axis=axis, correction=correction, keepdims=keepdims)


def std(
    x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """The square root of the variance. Its derivative is 0 where all elements are equal."""
    return _std(x, axis=axis, correction=correction, keepdims=keepdims)


def prod(x: Tensor, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The product over `axis`; its derivative is exact at zeros too."""
    if dtype is None:
        return _prod(x, axis=axis, keepdims=keepdims)
    return in_dtype(_prod, x, dtype, axis=axis, keepdims=keepdims)


def in_dtype(accumulate: Any, x: Tensor, dtype: Any, **params: Any) -> Tensor:
    """What is accumulated in `dtype`, although small integers would grow on the way."""
    y = accumulate(namespace.astype(x, dtype), **params)
    return y if y.dtype == numpy.dtype(dtype) else namespace.astype(y, dtype)


def max(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over `axis`. Elements that tie share the gradient equally."""
    return _max(x, axis=axis, keepdims=keepdims)


def min(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over `axis`. Elements that tie share the gradient equally."""
    return _min(x, axis=axis, keepdims=keepdims)


def cumulative_sum(
    x: Tensor, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """Running sums along `axis`, with `include_initial` beginning with 0."""
    return _cumulative("cumulative_sum", _cumulative_sum, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: Tensor, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """Running products along `axis`, with `include_initial` beginning with 1."""
    return _cumulative("cumulative_prod", _cumulative_prod, 1, x, axis, dtype, include_initial)


def _cumulative(
    name: str,
    scan: Any,
    initial: int,
    x: Tensor,
    axis: int | None,
    dtype: Any,
    include_initial: bool,
) -> Tensor:
    if axis is None and x.ndim != 1:
        raise ValueError(f"{name}: a Tensor of shape {x.shape} needs an axis")
    axis = axis_of(name, -1 if axis is None else axis, x.ndim)
    y = scan(x, axis=axis) if dtype is None else in_dtype(scan, x, dtype, axis=axis)
    if not include_initial:
        return y
    shape = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
    first = namespace.full(shape, initial, dtype=y.dtype, device=y.device)
    return namespace.concat([first, y], axis=axis)
