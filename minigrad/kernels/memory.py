"""Memory of arrays that kernels return, used again when nobody refers to it any more.

The system hands out the pages of a large new array one by one, and writes zeros to them: that can
take as long as what a kernel writes. A training step makes arrays of the same sizes over and over,
so the memory of those that are gone does for the next.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict, deque
from typing import Any

import numpy as np

__all__ = ["Block", "new_array"]

LEAST = 1 << 20
"""Arrays of so many bytes are worth it: for smaller ones the C library has pages at hand."""

KEPT = 1 << 27
"""So many bytes are kept at most, in use or not."""

LINE = 64
"""Where a line of the cache begins, arrays do."""


class Block(np.ndarray[Any, Any]):
    """Bytes of memory. An array whose `base` is one has all of it for itself."""


blocks: defaultdict[int, deque[Block]] = defaultdict(deque)
"""By size. Who looks at a block takes it out, so that no other thread does."""


def new_array(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array of undefined content, contiguous, that shares its memory with no other."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < LEAST or not counts_references:
        return np.empty(shape, dtype)
    same = blocks[size]
    block = unused(same)
    if block is None:
        if kept_bytes() + size > KEPT:
            release()
        if kept_bytes() + size > KEPT:
            return np.empty(shape, dtype)
        block = Block(size + LINE, np.uint8)
    array: Any = np.ndarray(shape, dtype, block, -block.ctypes.data % LINE)
    same.append(block)
    return array


def unused(same: deque[Block]) -> Block | None:
    """A block that nobody refers to, taken out of `same`."""
    for _ in range(len(same)):
        try:
            block = same.popleft()
        except IndexError:  # Other threads have taken them.
            return None
        if references(block) == ALONE:
            return block
        same.append(block)
    return None


def release() -> None:
    """Give back the memory of all blocks that nobody refers to."""
    for same in list(blocks.values()):
        while unused(same) is not None:
            pass


def kept_bytes() -> int:
    return sum(size * len(same) for size, same in list(blocks.items()))


def references(block: Block) -> int:
    """How often a block is referred to, by the variable of the caller among others."""
    return sys.getrefcount(block)


def references_of_a_new_block() -> int:
    block = Block(0, np.uint8)
    return references(block)


# Without its global lock, an interpreter does not know how often an object is referred to.
counts_references = getattr(sys, "_is_gil_enabled", lambda: True)()
ALONE = references_of_a_new_block()
