"""How the work of a convolution is cut into blocks that fit the cache."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .columns import Lie, unfold
from .products import ALIKE
from .scratch import scratch

__all__ = ["Block", "Blocks", "cut"]

BYTES = 1 << 21
"""So many bytes are made of the input at a time: they stay near the core, and what is done to them
takes so long that threads seldom wait for each other between two calls."""

LEAST, SMALL = 8, 1 << 17
"""So many blocks there should be, for threads to share, but not of fewer bytes than this."""

FEW = 64
"""Positions of a sample that are too few for a matrix product: samples share a product."""


class Block(NamedTuple):
    """Some samples, and some rows of their windows."""

    first: int
    last: int
    top: int
    bottom: int


def cut(samples: int, height: int, row: int, most: int) -> list[Block]:
    """Blocks of several samples, or of some rows of one, if a row of one takes `row` bytes.

    They take no more than `most`, if they are not single rows. More than LEAST are made a multiple
    of it, if samples allow: threads have as much to do then.
    """
    sample = max(1, row * height)
    several = max(1, min(most // sample, max(SMALL // sample, -(-samples // LEAST))))
    if several > 1 and samples > several * LEAST:
        count = -(-samples // (several * LEAST)) * LEAST
        several = -(-samples // count)
    step = height if sample <= most else -(-height // -(-sample // most))
    return [
        Block(n, min(n + several, samples), r, min(r + step, height))
        for n in range(0, samples, several)
        for r in range(0, height, step)
    ]


class Blocks:
    """The blocks of a convolution.

    An array is seen, a block at a time, as (products, groups, channels of a group, units, width): a
    matrix product goes through all units. Those are rows of a sample, which then has a product of
    its own; or samples, where each has but few positions.

    With `shifted`, for windows one step apart, columns are made for the rows of a kernel alone, and
    the product for the next place in a row reads them one element further on. A row of positions is
    then as wide as the input with its padding, and what is computed behind its end is left out.
    """

    def __init__(
        self, lie: Lie, shape: tuple[int, ...], groups: int, dtype: Any, shifted: bool
    ) -> None:
        self.lie, self.groups, self.dtype = lie, groups, dtype
        samples, channels = shape[:2]
        height, self.width = lie.counts
        self.unfolded = lie
        self.shifts = [0]
        if shifted:
            rows_only, self.width = (lie.kernel[0], 1), lie.padded[1]
            self.shifts = [j * lie.dilation[1] for j in range(lie.kernel[1])]
            self.unfolded = lie._replace(kernel=rows_only, counts=(height, self.width))
        self.places = math.prod(self.unfolded.kernel)
        row = channels * self.places * self.width * dtype.itemsize
        self.list = cut(samples, height, row, BYTES)
        whole = bool(self.list) and self.list[0].bottom == height
        self.together = whole and height * self.width < FEW
        # How many elements the columns of all blocks have.
        self.elements = samples * row * height // dtype.itemsize

    def work(self, outputs: int) -> int:
        """All that is done, in elements read or written."""
        products = len(self.shifts) * outputs // self.groups
        return self.elements * (2 + products // ALIKE)

    def shape(self, block: Block, channels: int) -> tuple[int, ...]:
        """The shape of an array of so many channels, seen a block at a time."""
        samples, rows = block.last - block.first, block.bottom - block.top
        each = self.groups, channels // self.groups
        if self.together:
            return 1, *each, samples, rows * self.width
        return samples, *each, rows, self.width

    def columns(self, x: Any, block: Block) -> list[Any]:
        """What the windows of a block see of x: for each shift, a view of the same memory."""
        part = x[block.first : block.last]
        shape = self.shape(block, x.shape[1] * self.places)
        if self.unfolded.plain and len(self.shifts) == 1 and not self.together:
            return [part[:, :, block.top : block.bottom].reshape(shape)]
        *lead, units, width = shape
        length = units * width
        memory = scratch("columns", (*lead, length + self.shifts[-1]), self.dtype)
        memory[..., length:] = 0
        columns = memory[..., :length].reshape(shape)
        unfold(self.unfolded, part, block.top, block.bottom, self.by_sample(columns, block))
        return [memory[..., j : j + length].reshape(shape) for j in self.shifts]

    def by_sample(self, columns: Any, block: Block) -> Any:
        """Columns as (samples, channels, *kernel, rows, width), a view."""
        samples, rows = block.last - block.first, block.bottom - block.top
        kernel = self.unfolded.kernel
        if self.together:
            each = np.reshape(columns, (-1, *kernel, samples, rows, self.width), copy=False)
            return each.transpose(3, 0, 1, 2, 4, 5)
        return np.reshape(columns, (samples, -1, *kernel, rows, self.width), copy=False)

    def part(self, y: Any, block: Block) -> Any:
        """A block of y (N, channels, *positions): (samples, groups, channels, rows, positions)."""
        part = y[block.first : block.last, :, block.top : block.bottom]
        samples, channels, rows, positions = part.shape
        return part.reshape(samples, self.groups, channels // self.groups, rows, positions)

    def place(self, y: Any, block: Block) -> Any:
        """Where to compute a block of y: in y itself, if a product can be written there."""
        if not self.together and self.width == self.lie.counts[1]:
            return self.part(y, block)
        return scratch("outputs", self.shape(block, y.shape[1]), self.dtype)

    def apart(self, placed: Any, block: Block) -> Any:
        """What lies in the `place` of a block, as its `part` does, without what is left out."""
        if self.together:
            _, groups, channels, samples, _ = placed.shape
            rows = block.bottom - block.top
            each = placed.reshape(groups, channels, samples, rows, self.width)
            placed = each.transpose(2, 0, 1, 3, 4)
        return placed[..., : self.lie.counts[1]]

    def take(self, g: Any, block: Block) -> Any:
        """A block of g, as a product can read it."""
        place = self.place(g, block)
        if not np.shares_memory(place, g):
            self.apart(place, block)[...] = self.part(g, block)
        return place

    def take_turned(self, g: Any, block: Block) -> Any:
        """A block of g with its channels last, and zeros for what is left out."""
        products, groups, channels, units, width = self.shape(block, g.shape[1])
        shape = (products, groups, units, width, channels)
        turned = scratch("outputs", shape, self.dtype)
        if self.width > self.lie.counts[1]:
            turned.fill(0)
        if self.together:
            turned = turned.reshape(groups, units, -1, self.width, channels)
            view = turned.transpose(1, 0, 4, 2, 3)
        else:
            view = turned.transpose(0, 1, 4, 2, 3)
        view[..., : self.lie.counts[1]] = self.part(g, block)
        return turned.reshape(shape)
