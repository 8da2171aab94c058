"""How the work of a convolution is cut into blocks whose columns fit the cache."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .columns import Lie, unfold
from .scratch import scratch

__all__ = ["Block", "Blocks"]

BYTES = 1 << 20
"""So many bytes of columns are made at a time: they stay in the cache of one core."""

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


class Blocks:
    """The blocks of a convolution.

    An array of outputs or columns is seen, a block at a time, as (products, groups, channels of a
    group, units, width): a matrix product goes through all units. Those are rows of a sample, which
    then has a product of its own; or samples, where each has but few positions.
    """

    def __init__(self, lie: Lie, shape: tuple[int, ...], groups: int, dtype: Any) -> None:
        self.lie, self.groups, self.dtype = lie, groups, dtype
        samples, channels = shape[:2]
        height, width = lie.counts
        row = channels * math.prod(lie.kernel) * width * dtype.itemsize
        sample = max(1, row * height)
        several = min(BYTES // sample, max(SMALL // sample, -(-samples // LEAST)))
        self.together = several > 0 and height * width < FEW
        step = height if several else -(-height // -(-sample // BYTES))
        self.list = [
            Block(n, min(n + max(1, several), samples), r, min(r + step, height))
            for n in range(0, samples, max(1, several))
            for r in range(0, height, step)
        ]
        # How many elements the columns of all blocks have.
        self.elements = samples * row * height // dtype.itemsize

    def shape(self, block: Block, channels: int) -> tuple[int, ...]:
        """The shape of an array of so many channels, seen a block at a time."""
        samples, rows = block.last - block.first, block.bottom - block.top
        each = self.groups, channels // self.groups
        if self.together:
            return 1, *each, samples, math.prod(self.lie.counts)
        return samples, *each, rows, self.lie.counts[1]

    def columns(self, x: Any, block: Block) -> Any:
        """What the windows of a block see of x."""
        lie, part = self.lie, x[block.first : block.last]
        shape = self.shape(block, x.shape[1] * math.prod(lie.kernel))
        if lie.plain and not self.together:
            return part[:, :, block.top : block.bottom].reshape(shape)
        columns = scratch("columns", shape, self.dtype)
        unfold(lie, part, block.top, block.bottom, self.by_sample(columns, part, block))
        return columns

    def by_sample(self, columns: Any, part: Any, block: Block) -> Any:
        """Columns as (samples, channels, *kernel, rows, width)."""
        samples, channels = part.shape[:2]
        rows, width = block.bottom - block.top, self.lie.counts[1]
        if self.together:
            apart = columns.reshape(channels, *self.lie.kernel, samples, rows, width)
            return apart.transpose(3, 0, 1, 2, 4, 5)
        return columns.reshape(samples, channels, *self.lie.kernel, rows, width)

    def part(self, y: Any, block: Block) -> Any:
        """A block of y (N, channels, *positions), as a view."""
        part = y[block.first : block.last, :, block.top : block.bottom]
        products, groups, channels, units, width = self.shape(block, y.shape[1])
        if self.together:
            return part.reshape(units, groups, channels, width).transpose(1, 2, 0, 3)[None]
        return part.reshape(products, groups, channels, units, width)

    def place(self, y: Any, block: Block) -> Any:
        """Where to compute a block of y: in y itself, if a product can be written there."""
        if self.together:
            return scratch("outputs", self.shape(block, y.shape[1]), self.dtype)
        return self.part(y, block)

    def put(self, y: Any, block: Block, computed: Any) -> None:
        """Bring what was computed in the `place` of a block to y."""
        if self.together:
            self.part(y, block)[...] = computed

    def take(self, g: Any, block: Block) -> Any:
        """A block of g, as a product can read it."""
        if not self.together:
            return self.part(g, block)
        place = self.place(g, block)
        place[...] = self.part(g, block)
        return place

    def take_turned(self, g: Any, block: Block) -> Any:
        """A block of g, its channels last."""
        part = self.part(g, block).transpose(0, 1, 3, 4, 2)
        turned = scratch("outputs", part.shape, self.dtype)
        turned[...] = part
        return turned
