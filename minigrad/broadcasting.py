"""Broadcasting backwards: the adjoint that sums copies up, and why shapes do not fit."""

from __future__ import annotations

from typing import Any

from .tensor import Tensor

__all__ = ["diagnose_broadcast", "unbroadcast"]


AXES = tuple(range(64))
"""More than any array has."""


def unbroadcast(xp: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """Broadcasting copies; its adjoint sums the copies up."""
    given = g.shape
    lead = len(given) - len(shape)
    if given == shape or lead < 0:
        return g
    if given[lead:] == shape:
        return xp.sum(g, axis=AXES[:lead])
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1 != given[lead + i]))
    g = xp.sum(g, axis=axes, keepdims=True) if axes else g
    return xp.reshape(g, shape) if lead else g


def diagnose_broadcast(*inputs: Any) -> str | None:
    """Why shapes do not broadcast; None if they do."""
    shapes = [x.shape for x in inputs if isinstance(x, Tensor)]
    for axis in range(1, max(map(len, shapes)) + 1):
        sizes = {s[-axis] for s in shapes if len(s) >= axis} - {1}
        if len(sizes) > 1:
            listed = " and ".join(map(str, shapes))
            clash = " and ".join(map(str, sorted(sizes)))
            return f"{listed}: shapes do not broadcast: axis -{axis} has {clash}"
    return None
