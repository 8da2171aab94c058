"""Compiled loops on several threads of numba's, which don't ask for the GIL.

A thread of Python's that helps with a loop has to be woken, and gets the GIL before and after: some
100 us here. Numba's threads are kept by OpenMP or TBB, stay awake for a while after a loop, and
begin the next within 5 us.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any

import numba
from numba import njit, prange
from numba.np.ufunc import threading_layer

__all__ = ["available", "together"]

loop: Any = None
"""What `slices` calls: each copy of it has a loop of its own."""


def slices(count: int, length: int, *arguments: Any) -> None:
    for i in prange(count):
        loop(length * i // count, length * (i + 1) // count, *arguments)


@cache
def together(loop: Any) -> Any:
    """`loop`, a compiled function of (start, stop, *arguments), on slices at the same time.

    The result is called with (count, length, *arguments), and cuts `range(length)` into so many.
    It passes for a function in the file of `loop`, so that numba compiles it anew, and does not
    take it from the disk, when that file changes.
    """
    name, at = f"{loop.__name__}_together", loop.py_func.__code__
    code = slices.__code__.replace(
        co_name=name,
        co_qualname=name,
        co_filename=at.co_filename,
        co_firstlineno=at.co_firstlineno,
    )
    function = FunctionType(code, {"loop": loop, "prange": prange})
    function.__module__ = loop.__module__
    on_disk = loop.stats.cache_path is not None
    return njit(parallel=True, nogil=True, cache=on_disk, error_model="numpy")(function)


@cache
def available() -> bool:
    """Whether numba's threads can be shared by those of Python: its own layer aborts then."""
    config: Any = numba.config
    chosen = config.THREADING_LAYER
    if chosen == "default":
        config.THREADING_LAYER = "threadsafe"
    try:
        numba.get_num_threads()  # This starts them, on the layer that has been chosen.
        return threading_layer() in ("omp", "tbb")
    except ValueError:
        return False
    finally:
        config.THREADING_LAYER = chosen
