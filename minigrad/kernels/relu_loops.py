"""relu and its gradient in one pass over memory, compiled by numba."""

from __future__ import annotations

from typing import Any

from .compiling import exactly
from .elementwise import as_rows
from .memory import new_array
from .threads import parallel_for, shared

__all__ = ["relu", "relu_vjp"]


def relu(x: Any, /) -> Any:
    """x where it is positive or NaN, else 0."""
    return kept(x, x)


def relu_vjp(g: Any, y: Any, x: Any, /) -> Any:
    """g where y is positive or NaN, else 0."""
    return kept(g, y)


def kept(g: Any, y: Any) -> Any:
    """g where y is positive or NaN, else 0: relu itself, of g that is y."""
    rows = as_rows(g, y)
    if rows is None:
        return NotImplemented
    found = new_array(g.shape, g.dtype)
    parallel_for(keep, g.size, *rows, found.reshape(-1), work=3 * g.size)
    return found


@shared
@exactly
def keep(first, last, g, y, found):
    """The elements first to last."""
    zero = found.dtype.type(0)
    given, seen, to = g[first:last], y[first:last], found[first:last]
    for i in range(to.size):
        to[i] = zero if seen[i] <= zero else given[i]
