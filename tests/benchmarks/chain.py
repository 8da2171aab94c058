"""The cost of one operation in a chain, forward and backward, at 1,000 and at 100,000.

A graph has no cycles and is freed without the cyclic garbage collector, but CPython's collector
goes through it all the same, the more often the larger it grows. So the cost is measured with the
collector on and off: off, it is minigrad's own.
"""

from __future__ import annotations

import gc
import time

import minigrad as mg

__all__ = ["cost_per_operation"]


def cost_per_operation(length: int, collector: bool) -> float:
    """Microseconds an operation for a chain of `length` additions, recorded and differentiated."""
    gc.collect()
    (gc.enable if collector else gc.disable)()
    try:
        return timed_chain(length)
    finally:
        gc.enable()


def timed_chain(length: int) -> float:
    x = mg.tensor(1.0, requires_grad=True)
    start = time.perf_counter()
    y = x
    for _ in range(length):
        y = y + 1.0
    y.backward()
    del y
    return (time.perf_counter() - start) / length * 1e6
