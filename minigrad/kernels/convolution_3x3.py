"""Convolution 3x3 in compiled loops, at neighbouring positions, by the algorithm for its size.

Few inputs and outputs in a group are multiplied as the definition says, row by row of an image
(`direct`). More go through Winograd's minimal filtering, which has less than half the
multiplications, and those in products of matrices (`winograd`). What has another kernel, stride
or dilation is left to the kernels that multiply columns. Those also compute again what comes out
not finite but might be by the definition: a kernel that has once been chosen by the shapes, as for
a captured program, takes all values.

Shapes: x (N, C, height, width), w (O, C / groups, 3, 3), g and the convolution (N, O, *positions).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import convolution as columns
from . import direct, winograd
from .convolution import alike, turn, turned_around
from .rows import contiguous, vector

__all__ = ["convolve", "convolve_input", "convolve_weight"]

SMALL = 64
"""So many pairs of an input and an output are sooner multiplied than transformed."""

FEW = 8
"""Fewer channels than this, of inputs or outputs, are not worth the transforms."""


def algorithm_for(weight: Any, strides: Any, dilation: Any, groups: int) -> Any:
    """The module that computes a convolution with a weight of this shape; None if none does."""
    outputs, inputs, *kernel = weight
    if (*kernel, *strides, *dilation) != (3, 3, 1, 1, 1, 1):
        return None
    if inputs * outputs // groups <= SMALL:
        return direct
    return winograd if groups == 1 and min(inputs, outputs) >= FEW else None


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
    counts = tuple(n + sum(around) - 2 for n, around in zip(x.shape[2:], padding, strict=True))
    if min(counts) < 1:
        return NotImplemented
    y = np.empty((len(x), len(weight), *counts), x.dtype)
    # -0.0 adds nothing, not even to the sign of a zero.
    shift = vector(bias, len(weight), -0.0, x.dtype)
    done = algorithm.convolve(contiguous(x, x.shape), weight, shift, padding, y)
    return y if done else columns.convolve(x, weight, bias, **how)


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
    """The gradient by the input: the convolution of g with the weight turned around."""
    how = {"strides": strides, "dilation": dilation, "groups": groups}
    turned = turn(padding, weight.shape[2:], dilation)
    if turned is None or algorithm_for(weight.shape, strides, dilation, groups) is None:
        return NotImplemented
    # Around g there are zeros, which an infinite weight must not meet.
    if not np.isfinite(weight).all():
        return columns.convolve_input(g, weight, size=size, padding=padding, **how)
    return convolve(g, turned_around(weight, groups), padding=turned, **how)


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
    weight = np.empty(shape, x.dtype)
    if algorithm.correlate(contiguous(x, x.shape), contiguous(g, g.shape), padding, weight):
        return weight
    how = {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
    return columns.convolve_weight(x, g, kernel=kernel, **how)
