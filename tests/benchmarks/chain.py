"""The cost of one operation in a chain, forward and backward, at 1,000 and at 100,000.

A graph has no cycles and is freed without the cyclic garbage collector, but CPython's collector
goes through it all the same, the more often the larger it grows. So the cost is measured with the
collector on and off: off, it is minigrad's own.
"""

from __future__ import annotations

import gc
import time
from typing import Any

import minigrad as mg
from minigrad.bench import Effort, Series, figures

__all__ = ["THREADS", "measure"]

THREADS = 1
LENGTHS = (1_000, 100_000)
ROUNDS = 7


def measure(effort: Effort) -> dict[str, Any]:
    """Microseconds an operation, by the collector's state and the length of the chain."""
    lengths = (10, 1_000) if effort.tiny else LENGTHS
    cases = {}
    for name, collector in (("collector off", False), ("collector on", True)):
        pairs = [
            [cost_per_operation(length, collector) for length in lengths]
            for _ in range(min(ROUNDS, effort.rounds))
        ]
        short, long = (Series(costs) for costs in zip(*pairs, strict=True))
        cases[name] = figures({"short": short, "long": long}, ["short"])
    return {"unit": "µs", "cases": cases}


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
