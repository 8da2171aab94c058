"""The cost of one operation in a chain, forward and backward, at 1,000 and at 100,000."""

from __future__ import annotations

import time

import minigrad as mg

__all__ = ["cost_per_operation"]


def cost_per_operation(length: int) -> float:
    """Microseconds an operation for a chain of `length` additions, recorded and differentiated."""
    x = mg.tensor(1.0, requires_grad=True)
    start = time.perf_counter()
    y = x
    for _ in range(length):
        y = y + 1.0
    y.backward()
    del y
    return (time.perf_counter() - start) / length * 1e6
