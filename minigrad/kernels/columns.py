"""What a kernel sees, unrolled as columns of a matrix, and back: for a few samples at a time.

Everything here has two axes; a single one is the first of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from .scratch import scratch

__all__ = ["Lie", "fold", "places", "unfold"]

Pair = tuple[int, int]
strided: Any = np.lib.stride_tricks.as_strided


class Lie(NamedTuple):
    """How windows lie on an input of `size` with zeros around it: `counts` of them on each axis."""

    size: Pair
    kernel: Pair
    strides: Pair
    padding: tuple[Pair, Pair]
    dilation: Pair
    counts: Pair

    @classmethod
    def of(
        cls,
        size: Sequence[int],
        kernel: Sequence[int],
        strides: Sequence[int],
        padding: Sequence[Pair],
        dilation: Sequence[int],
    ) -> Lie:
        """For one axis or two."""
        one = len(size) == 1
        two: Any = lambda given, missing: (*given, missing) if one else tuple(given)
        n, m, s, d = (two(given, 1) for given in (size, kernel, strides, dilation))
        around = two(padding, (0, 0))
        counts: Any = tuple(
            (n[i] + sum(around[i]) - d[i] * (m[i] - 1) - 1) // s[i] + 1 for i in range(2)
        )
        return cls(n, m, s, around, d, counts)

    @property
    def padded(self) -> Any:
        """The size with the zeros around it."""
        return tuple(n + sum(around) for n, around in zip(self.size, self.padding, strict=True))

    @property
    def plain(self) -> bool:
        """Whether a window is one element, and each element a window."""
        return self.kernel == self.strides == (1, 1) and self.padding == ((0, 0), (0, 0))


def unfold(lie: Lie, x: Any, first: int, last: int, columns: Any) -> None:
    """Write what the windows of rows `first` to `last` see of x (B, C, *size).

    `columns` is (B, C, *kernel, last - first, counts[1]), in any layout.
    """
    (sh, sw), (dh, dw) = lie.strides, lie.dilation
    top = first * sh
    rows = (last - 1 - first) * sh + dh * (lie.kernel[0] - 1) + 1
    if lie.padding == ((0, 0), (0, 0)):
        seen = x[:, :, top : top + rows]
    else:
        seen = scratch("padded", (*x.shape[:2], rows, lie.padded[1]), x.dtype)
        seen.fill(0)
        (before, _), (left, _) = lie.padding
        # Rows of the input, counted from its first: some may lie in the padding.
        start, stop = max(0, top - before), min(lie.size[0], top + rows - before)
        if start < stop:
            down = start + before - top
            inside = seen[:, :, down : down + stop - start, left : left + lie.size[1]]
            inside[...] = x[:, :, start:stop]
    b, c, h, w = seen.strides
    windows = strided(seen, columns.shape, (b, c, h * dh, w * dw, h * sh, w * sw), writeable=False)
    columns[...] = windows


def fold(lie: Lie, columns: Any, first: int, last: int, total: Any) -> None:
    """The adjoint of `unfold`: add what is in `columns` to `total`, (B, C, *lie.padded)."""
    below = total[:, :, first * lie.strides[0] :]
    seen = places(lie.kernel, lie.strides, lie.dilation, (last - first, lie.counts[1]))
    for place, (i, j) in zip(seen, product(*map(range, lie.kernel)), strict=True):
        part = below[place]
        part += columns[:, :, i, j]


def places(
    shape: Sequence[int], strides: Sequence[int], dilation: Sequence[int], counts: Sequence[int]
) -> list[tuple[Any, ...]]:
    """For each place of a window, the index of the elements that are seen through it."""
    return [
        (
            ...,
            *(
                slice(i * d, i * d + (n - 1) * s + 1, s)
                for i, d, n, s in zip(place, dilation, counts, strides, strict=True)
            ),
        )
        for place in product(*map(range, shape))
    ]
