"""Convolution 3x3 by minimal filtering: 16 multiplications where the definition has 36.

Winograd's F(2x2, 3x3) (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks",
arXiv:1509.09308) makes 2x2 outputs of a 4x4 tile d of the input, at steps of two:

    y = A^T ((G w G^T) * (B^T d B)) A

Summed over channels, the product in the middle is a product of matrices for each of the 16 places
of a tile. The gradient by w is G^T ((B^T d B) * (A g A^T)) G, summed over tiles, and the one by x
is a convolution of g with the weight turned around. There are no factors but 1, 1/2 and 1/4, so
the error is no larger than that of the sum in order.

An infinity or a NaN spoils its whole tile, and a sum of large numbers may overflow that is none of
the definition's. So what is not finite in the end is not the result.

Shapes: x (N, C, height, width), w (O, C, 3, 3), g and the convolution (N, O, *positions).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import Block, cut
from .columns import Lie
from .convolution import PARTS
from .products import ALIKE, PIECE, multiply
from .scratch import scratch
from .threads import parallel_for
from .winograd_loops import transform_gradient, transform_input, transform_output

__all__ = ["convolve", "correlate"]

TILES = 1
"""Fewer tiles for a channel than this: more would be added up than multiplied."""

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
KERNEL = np.kron(G, G)
"""G w G^T, the 16 places of a tile from the 9 of a kernel."""

silently: Any = np.errstate(over="ignore", invalid="ignore")
"""What is not finite is found in the end, and computed otherwise."""


class Tiles:
    """The tiles of a convolution, in blocks whose transforms fit the cache."""

    def __init__(self, x: Any, y: Any) -> None:
        """Those of input and output, (N, C, *size) and (N, O, *positions)."""
        self.height, self.width = (-(-n // 2) for n in y.shape[2:])
        self.dtype = y.dtype
        self.count = len(y) * self.height * self.width
        inputs, outputs = x.shape[1], y.shape[1]
        each = 16 * (inputs + outputs)
        self.blocks = cut(len(y), self.height, self.width * each * y.itemsize)
        # All that is done, in elements read or written.
        self.work = self.count * (2 * each + 16 * inputs * outputs // ALIKE)

    def of_input(self, x: Any, padding: Any, block: Block) -> Any:
        """The tiles of x, transformed."""
        (top, _), (left, _) = padding
        tiles = self.memory("input", block, x.shape[1])
        transform_input(x[block.first : block.last], 2 * block.top - top, -left, self.width, tiles)
        return as_matrices(tiles)

    def of_gradient(self, g: Any, block: Block) -> Any:
        """The tiles of g, transformed."""
        tiles = self.memory("gradient", block, g.shape[1])
        transform_gradient(g[block.first : block.last], 2 * block.top, self.width, tiles)
        return as_matrices(tiles)

    def memory(self, purpose: str, block: Block, channels: int) -> Any:
        """Room for a block of transformed tiles: (4, 4, rows, width, samples, channels)."""
        samples, rows = block.last - block.first, block.bottom - block.top
        return scratch(purpose, (4, 4, rows, self.width, samples, channels), self.dtype)


def as_matrices(tiles: Any) -> Any:
    """A matrix for each place of a tile: (16, tiles, channels)."""
    return tiles.reshape(16, -1, tiles.shape[-1])


def products(left: Any, right: Any, out: Any) -> None:
    """16 products of matrices, in pieces if they are large."""
    if left.shape[1] * left.shape[2] * right.shape[2] <= PIECE:
        np.matmul(left, right, out=out)
    else:
        multiply(left, right[None, ..., None], out[None, ..., None])


@silently
def convolve(lie: Lie, x: Any, weight: Any, bias: Any, y: Any) -> bool:
    """Fill y with the convolution plus the bias. Returns whether all of it is finite."""
    tiles, transformed = Tiles(x, y), transform_weight(weight)
    finite = np.ones(len(tiles.blocks), bool)

    @silently
    def work(start: int, stop: int) -> None:
        for i, block in enumerate(tiles.blocks[start:stop], start):
            found = tiles.memory("output", block, y.shape[1])
            products(tiles.of_input(x, lie.padding, block), transformed, as_matrices(found))
            part = y[block.first : block.last]
            finite[i] = transform_output(found, bias, 2 * block.top, part)

    parallel_for(work, len(tiles.blocks), work=tiles.work)
    return bool(finite.all())


@silently
def correlate(lie: Lie, x: Any, g: Any, weight: Any) -> bool:
    """Fill the gradient by the weight. Returns False if it is not finite, or not worth it."""
    tiles = Tiles(x, g)
    if tiles.count < TILES * min(weight.shape[:2]):
        return False
    parts = min(PARTS, len(tiles.blocks))
    totals = np.zeros((parts, 16, x.shape[1], g.shape[1]), x.dtype)

    @silently
    def work(start: int, stop: int) -> None:
        for part in range(start, stop):
            for block in tiles.blocks[part::parts]:
                more = scratch("products", totals.shape[1:], x.dtype)
                left = tiles.of_input(x, lie.padding, block).swapaxes(1, 2)
                products(left, tiles.of_gradient(g, block), more)
                totals[part] += more

    parallel_for(work, parts, work=tiles.work)
    total: Any = np.add.reduce(totals, 0)
    places = KERNEL.T.astype(x.dtype) @ total.reshape(16, -1)
    weight[...] = places.reshape(3, 3, *total.shape[1:]).transpose(3, 2, 0, 1)
    return bool(np.isfinite(total).all())


def transform_weight(weight: Any) -> Any:
    """A matrix for each place of a tile: (16, C, O)."""
    outputs, inputs = weight.shape[:2]
    # Contiguous: of a weight turned around, BLAS would make a copy, and wake other threads.
    places = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(1, 9, -1)
    transformed = np.empty((16, inputs, outputs), weight.dtype)
    products(KERNEL[None].astype(weight.dtype), places, transformed.reshape(1, 16, -1))
    return transformed
