"""The one door through which other packages add operations and kernels.

`minigrad_bn` uses nothing else of minigrad's inside. Beside the operations stand the sums, means
and variances that every normalisation is made of; see `minigrad.statistics`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from .autograd import is_state_update_enabled
from .autograd.modes import switches
from .backends import backend_of
from .backends.kernels import ArrayFunction
from .kernels.memory import new_array
from .kernels.threads import parallel_for, shared, threads_for
from .primitive import Primitive, elementwise, primitive
from .statistics import count, mean, moments, narrow, over, total, weight_of_all, widen
from .tensor import Tensor

__all__ = [
    "ArrayFunction",
    "Primitive",
    "Tensor",
    "backend_of",
    "count",
    "elementwise",
    "is_state_update_enabled",
    "kernel",
    "mean",
    "moments",
    "narrow",
    "new_array",
    "over",
    "parallel_for",
    "primitive",
    "shared",
    "switches",
    "threads_for",
    "total",
    "weight_of_all",
    "widen",
]


def kernel(
    operation: Primitive | ArrayFunction,
    backend: str,
    function: Callable[..., Any] | str | None = None,
    *,
    rule: int | Literal["joint"] | None = None,
    library: str | None = None,
    dtypes: Sequence[str] = ("float32", "float64"),
    least: int = 0,
) -> Any:
    """Let `function` stand in for an operation's forward, or a rule, on raw arrays of one backend.

    It takes what that takes but xp, `(*inputs, **params)` for a forward, `(g, y, *inputs,
    **params)` for the `rule` of one input (its number) or the "joint" one, with the residuals after
    y where there are some, and returns what it returns: new arrays. That form over xp stays the
    definition, and the kernel has to equal it. For what it does not take, it returns
    NotImplemented.

    `function` may be a string, "package.module:function", imported when it is first needed; without
    it, `kernel(...)` is a decorator. `library` is what it is written in, the backend's own unless
    given. It is asked if the first array has one of `dtypes`, and at least `least` elements. Of
    several, the last registered is asked first. Raises ValueError for an operation that has no such
    forward or rule over xp.
    """
    part = operation if isinstance(operation, ArrayFunction) else operation.array_function(rule)
    options: Any = {"library": library, "dtypes": dtypes, "least": least}
    if function is not None:
        part.register(backend, function, **options)
        return function

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        part.register(backend, function, **options)
        return function

    return register
