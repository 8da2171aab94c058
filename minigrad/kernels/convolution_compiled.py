"""Convolution in compiled loops, by the algorithm for its kernel and the channels of a group.

A few pairs of an input and an output are multiplied as the definition says (`direct`). More, with
a kernel 3x3 at each position, go through Winograd's minimal filtering, which has less than half
the multiplications, and those in products of matrices (`winograd`). All else is left to the
kernels that multiply columns. Those also compute again what comes out not finite but might be by
the definition: a kernel that has once been chosen by the shapes, as for a captured program, takes
all values.

Shapes: x (N, C, *size), w (O, C / groups, *kernel), g and the convolution (N, O, *positions).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from . import convolution as columns
from . import direct, winograd
from .columns import Lie
from .convolution import alike, turn, turned_around
from .memory import new_array
from .rows import contiguous, vector

__all__ = ["convolve", "convolve_input", "convolve_weight"]

SMALL = 64
"""So many pairs of an input and an output are sooner multiplied than transformed, in a 3x3."""

ALONE = 16
"""So many are sooner multiplied one by one than as columns, in any kernel."""

FEW = 8
"""Fewer channels than this, of inputs or outputs, are not worth the transforms."""


MANY = 1 << 17
"""So many pairs of an input and an output are sooner multiplied as columns."""

MULTIPLIES = find_spec("scipy") is not None
"""Whether numba can multiply matrices: it takes the BLAS of SciPy for that."""


def algorithm_for(weight: Any, strides: Any, dilation: Any, groups: int) -> Any:
    """The module that computes a convolution with a weight of this shape; None if none does."""
    outputs, inputs, *kernel = weight
    pairs = inputs * outputs // groups
    if (*kernel, *strides, *dilation) != (3, 3, 1, 1, 1, 1):
        return direct if pairs <= ALONE else None
    if pairs <= SMALL:
        return direct
    fits = groups == 1 and min(inputs, outputs) >= FEW and pairs < MANY
    return winograd if fits and MULTIPLIES else None


def convolve(
    x: Any,
    weight: Any,
    bias: Any = None,
    /,
    *,
    strides: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """The convolution of x with a weight, plus a bias for each output."""
    how = {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
    algorithm = algorithm_for(weight.shape, strides, dilation, groups)
    if algorithm is None or not alike(x, weight, bias):
        return NotImplemented
    lie = Lie.of(x.shape[2:], weight.shape[2:], strides, padding, dilation)
    if min(lie.counts) < 1:
        return NotImplemented
    y = new_array((len(x), len(weight), *lie.counts), x.dtype)
    # -0.0 adds nothing, not even to the sign of a zero.
    shift = vector(bias, len(weight), -0.0, x.dtype)
    if not algorithm.convolve(lie, in_two(x, lie.size), in_two(weight, lie.kernel), shift, y):
        return columns.convolve(x, weight, bias, **how)
    return y.reshape(y.shape[: x.ndim])


def convolve_input(
    g: Any,
    weight: Any,
    /,
    *,
    size: Any,
    strides: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """The gradient by the input: for windows one step apart, a convolution with g itself."""
    how = {"strides": strides, "dilation": dilation, "groups": groups}
    algorithm = algorithm_for(weight.shape, strides, dilation, groups)
    turned = turn(padding, weight.shape[2:], dilation) if set(strides) == {1} else None
    if algorithm is None or not alike(g, weight) or (turned is None and algorithm is winograd):
        return NotImplemented
    # Around g there are zeros, which an infinite weight must not meet.
    if not np.isfinite(weight).all():
        return columns.convolve_input(g, weight, size=size, padding=padding, **how)
    if turned is not None:
        return convolve(g, turned_around(weight, groups), padding=turned, **how)
    lie = Lie.of(size, weight.shape[2:], strides, padding, dilation)
    x = new_array((len(g), weight.shape[1] * groups, *lie.size), g.dtype)
    direct.spread(lie, in_two(g, lie.counts), in_two(weight, lie.kernel), x)
    return x.reshape(x.shape[: g.ndim])


def convolve_weight(
    x: Any,
    g: Any,
    /,
    *,
    kernel: Any,
    strides: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """The gradient by the weight, summed over samples and positions."""
    shape = g.shape[1], x.shape[1] // groups, *kernel
    algorithm = algorithm_for(shape, strides, dilation, groups)
    if algorithm is None or not alike(x, g):
        return NotImplemented
    lie = Lie.of(x.shape[2:], kernel, strides, padding, dilation)
    weight = np.empty((*shape[:2], *lie.kernel), x.dtype)
    if algorithm.correlate(lie, in_two(x, lie.size), in_two(g, lie.counts), weight):
        return weight.reshape(shape)
    how = {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
    return columns.convolve_weight(x, g, kernel=kernel, **how)


def in_two(x: Any, size: Any) -> Any:
    """x over two axes, contiguous."""
    return contiguous(x, (*x.shape[:2], *size))
