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

from . import winograd_loops as loops
from .blocks import Block, cut
from .columns import Lie
from .convolution import PARTS
from .products import ALIKE, multiply
from .threads import parallel_for

__all__ = ["convolve", "correlate"]

TILES = 1
"""Fewer tiles for a channel than this: more would be added up than multiplied."""

BYTES = 1 << 20
"""So many bytes of transformed tiles fit the cache, for each thread."""

PIECE = 1 << 18
"""So many multiplications OpenBLAS does on one thread, on every processor (its interface/gemm.c).
Within a loop of OpenMP's it must be asked for no more: it would warn that the program may hang."""

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
        self.count = len(y) * self.height * self.width
        inputs, outputs = x.shape[1], y.shape[1]
        each = 16 * (inputs + outputs)
        blocks = cut(len(y), self.height, self.width * each * y.itemsize, BYTES)
        self.blocks = np.array(blocks, np.intp).reshape(-1, len(Block._fields))
        sizes = [(b.last - b.first) * (b.bottom - b.top) for b in blocks]
        self.most = max(sizes, default=0) * self.width
        # So many tiles are multiplied at once.
        self.step = max(1, PIECE // (inputs * outputs))
        # All that is done, in elements read or written.
        self.work = self.count * (2 * each + 16 * inputs * outputs // ALIKE)


@silently
def convolve(lie: Lie, x: Any, weight: Any, bias: Any, y: Any) -> bool:
    """Fill y with the convolution plus the bias. Returns whether all of it is finite."""
    tiles, (top, _), (left, _) = Tiles(x, y), *lie.padding
    finite = np.ones(len(tiles.blocks), bool)
    given = (
        tiles.blocks,
        tiles.most,
        x,
        top,
        left,
        tiles.width,
        transform_weight(weight),
        tiles.step,
    )
    parallel_for(loops.convolve, len(tiles.blocks), *given, bias, y, finite, work=tiles.work)
    return bool(finite.all())


@silently
def correlate(lie: Lie, x: Any, g: Any, weight: Any) -> bool:
    """Fill the gradient by the weight. Returns False if it is not finite, or not worth it."""
    tiles, (top, _), (left, _) = Tiles(x, g), *lie.padding
    if tiles.count < TILES * min(weight.shape[:2]):
        return False
    parts = min(PARTS, len(tiles.blocks))
    totals = np.zeros((parts, 16, x.shape[1], g.shape[1]), x.dtype)
    given = tiles.blocks, tiles.most, x, top, left, tiles.width, g, tiles.step
    parallel_for(loops.correlate, parts, *given, totals, work=tiles.work)
    total: Any = np.add.reduce(totals, 0)
    places = combined(KERNEL.T, total.reshape(16, -1))
    weight[...] = places.reshape(3, 3, *total.shape[1:]).transpose(3, 2, 0, 1)
    return bool(np.isfinite(total).all())


def transform_weight(weight: Any) -> Any:
    """A matrix for each place of a tile: (16, C, O)."""
    outputs, inputs = weight.shape[:2]
    # Contiguous: of a weight turned around, BLAS would make a copy, and wake other threads.
    places = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(9, -1)
    return combined(KERNEL, places).reshape(16, inputs, outputs)


def combined(matrix: Any, rows: Any) -> Any:
    """The matrix times some rows, in pieces for which BLAS wakes no other threads."""
    out = np.empty((len(matrix), rows.shape[1]), rows.dtype)
    multiply(
        matrix[None].astype(rows.dtype), rows[None, None, ..., None], out[None, None, ..., None]
    )
    return out
