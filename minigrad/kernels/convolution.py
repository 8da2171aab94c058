"""Convolution by NumPy and BLAS: columns of a few samples at a time, multiplied in small pieces.

The columns of a block fit the cache, are written to the same memory block after block, and are
multiplied while they are there. Threads of minigrad's own share the blocks (see `threads`), so the
products are cut into pieces for which BLAS starts no others: those spin while they wait, and take
ten times as long as soon as a neighbour holds a core. The results are the same bits for every
number of threads.

Shapes: x (N, C, *size), w (O, C / groups, *kernel), g and the convolution (N, O, *positions).
"""

from __future__ import annotations

import math
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from .blocks import Blocks
from .columns import Lie, fold
from .memory import new_array
from .products import multiply, multiply_over_positions
from .scratch import scratch
from .threads import parallel_for

__all__ = ["convolve", "convolve_input", "convolve_weight"]

PARTS = 8
"""So many sums over samples are computed apart, and added in the end."""


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
    if not alike(x, weight, bias):
        return NotImplemented
    lie = Lie.of(x.shape[2:], weight.shape[2:], strides, padding, dilation)
    if min(lie.counts) < 1:
        return NotImplemented
    x4 = np.ascontiguousarray(x).reshape(*x.shape[:2], *lie.size)
    # Shifted columns are made sooner, but the outputs are then the sum of several products.
    shifted = lie.strides[1] == 1 and x.shape[1] > len(weight)
    blocks = Blocks(lie, x4.shape, groups, x.dtype, shifted)
    matrices = matrices_of(weight.reshape(*weight.shape[:2], *lie.kernel), blocks)
    y = new_array((len(x), len(weight), *lie.counts), x.dtype)

    def work(start: int, stop: int) -> None:
        for block in blocks.list[start:stop]:
            outputs, target = blocks.place(y, block), blocks.part(y, block)
            first, *others = zip(matrices, blocks.columns(x4, block), strict=True)
            multiply(*first, outputs)
            for matrix, columns in others:
                more = scratch("more", outputs.shape, x.dtype)
                multiply(matrix, columns, more)
                outputs += more
            found = blocks.apart(outputs, block)
            if bias is not None:
                np.add(found, bias.reshape(groups, -1, 1, 1), out=target)
            elif found.base is not y:
                target[...] = found

    parallel_for(work, len(blocks.list), work=blocks.work(len(weight)))
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
    """The gradient by the input: g times the weight as columns, and those folded.

    For windows one step apart it is a convolution itself, of g with the weight turned around.
    """
    if not alike(g, weight):
        return NotImplemented
    turned = turn(padding, weight.shape[2:], dilation)
    few = len(weight) <= 2 * weight.shape[1] * groups
    # Around g there are zeros, which an infinite weight must not meet.
    if turned is not None and few and set(strides) == {1} and np.isfinite(weight).all():
        return convolve(
            g, turned_around(weight, groups),
            strides=strides, padding=turned, dilation=dilation, groups=groups,
        )  # fmt: skip
    lie = Lie.of(size, weight.shape[2:], strides, padding, dilation)
    g4 = np.ascontiguousarray(g).reshape(*g.shape[:2], *lie.counts)
    channels = weight.shape[1] * groups
    blocks = Blocks(lie, (len(g), channels), groups, g.dtype, False)
    (matrix,) = matrices_of(weight.reshape(*weight.shape[:2], *lie.kernel), blocks)
    x = new_array((len(g), channels, *lie.size), g.dtype)
    # All rows of a sample add to the same elements, so they are the work of one thread.
    samples = [[*rows] for _, rows in groupby(blocks.list, attrgetter("first"))]
    (top, _), (left, _) = lie.padding

    def work(start: int, stop: int) -> None:
        for rows in samples[start:stop]:
            first, last = rows[0].first, rows[0].last
            total = scratch("total", (last - first, channels, *lie.padded), g.dtype)
            total.fill(0)
            for block in rows:
                shape = blocks.shape(block, channels * math.prod(lie.kernel))
                columns = scratch("columns", shape, g.dtype)
                multiply(matrix.swapaxes(1, 2), blocks.take(g4, block), columns)
                fold(lie, blocks.by_sample(columns, block), block.top, block.bottom, total)
            x[first:last] = total[:, :, top : top + lie.size[0], left : left + lie.size[1]]

    parallel_for(work, len(samples), work=blocks.work(len(weight)))
    return x.reshape(*x.shape[:2], *size)


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
    """The gradient by the weight: g times the columns of x, summed over samples and positions."""
    if not alike(x, g):
        return NotImplemented
    lie = Lie.of(x.shape[2:], kernel, strides, padding, dilation)
    x4 = np.ascontiguousarray(x).reshape(*x.shape[:2], *lie.size)
    g4 = np.ascontiguousarray(g).reshape(*g.shape[:2], *lie.counts)
    # As long as there is more to gain on the columns than to lose on wider rows of g.
    shifted = lie.strides[1] == 1 and x.shape[1] * math.prod(kernel) > 2 * g.shape[1]
    weight = correlate(Blocks(lie, x4.shape, groups, x.dtype, shifted), x4, g4)
    if shifted and not np.isfinite(weight).all():
        # What is left out was multiplied by 0, which makes NaN of what is not finite.
        weight = correlate(Blocks(lie, x4.shape, groups, x.dtype, False), x4, g4)
    return weight.reshape(*weight.shape[:2], *kernel)


def correlate(blocks: Blocks, x: Any, g: Any) -> Any:
    """The gradient by the weight, summed over the blocks."""
    groups, shifts = blocks.groups, len(blocks.shifts)
    inputs, outputs = x.shape[1] // groups, g.shape[1] // groups
    parts = max(1, min(PARTS, len(blocks.list)))
    totals = np.zeros((parts, shifts, groups, inputs * blocks.places, outputs), x.dtype)

    def work(start: int, stop: int) -> None:
        for part in range(start, stop):
            for block in blocks.list[part::parts]:
                rows = blocks.take_turned(g, block)
                for total, columns in zip(totals[part], blocks.columns(x, block), strict=True):
                    total += multiply_over_positions(columns, rows)

    parallel_for(work, parts, work=blocks.work(g.shape[1]))
    total: Any = np.add.reduce(totals, 0)
    total = total.reshape(shifts, groups, inputs, *blocks.unfolded.kernel, outputs)
    total = total.transpose(1, 5, 2, 3, 4, 0) if shifts > 1 else total[0].transpose(0, 4, 1, 2, 3)
    return total.reshape(g.shape[1], inputs, *blocks.lie.kernel)


def alike(x: Any, other: Any, bias: Any = None) -> bool:
    """Whether these are arrays of one dtype over one axis or two, and not empty."""
    same = x.dtype == other.dtype and (bias is None or bias.dtype == x.dtype)
    return same and x.ndim in (3, 4) and x.size > 0 and other.size > 0


def matrices_of(weight: Any, blocks: Blocks) -> list[Any]:
    """The kernels of each group as a matrix: (groups, O / groups, C / groups * places).

    Where columns are shifted, one for each place in a row of the kernel.
    """
    outputs = len(weight)
    shape = blocks.groups, outputs // blocks.groups, weight.shape[1] * blocks.places
    if len(blocks.shifts) == 1:
        return [weight.reshape(shape)]
    return [weight[..., j].reshape(shape) for j in range(weight.shape[3])]


def turn(padding: Any, kernel: Any, dilation: Any) -> Any:
    """The padding under which a convolution with the weight turned around is the gradient by x.

    None where there is none: with more zeros around than a window reaches.
    """
    reach = [d * (n - 1) for n, d in zip(kernel, dilation, strict=True)]
    turned = tuple((r - a, r - b) for r, (a, b) in zip(reach, padding, strict=True))
    return None if any(n < 0 for pair in turned for n in pair) else turned


def turned_around(weight: Any, groups: int) -> Any:
    """Inputs and outputs of each group exchanged, and every axis of the kernel reversed."""
    outputs, inputs, *kernel = weight.shape
    each = weight.reshape(groups, outputs // groups, inputs, *kernel).swapaxes(1, 2)
    reverse = (slice(None, None, -1),) * len(kernel)
    return each[(..., *reverse)].reshape(groups * inputs, outputs // groups, *kernel)
