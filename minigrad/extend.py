"""The one door through which other packages add operations and kernels.

`minigrad_bn` uses nothing else of minigrad's inside. Beside the operations stand the sums, means
and variances that every normalisation is made of; see `minigrad.statistics`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .autograd import is_state_update_enabled
from .backends import backend_of, get
from .kernels.threads import parallel_for
from .primitive import Primitive, elementwise, primitive
from .statistics import count, mean, moments, narrow, over, total, weight_of_all, widen
from .tensor import Tensor

__all__ = [
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
    "over",
    "parallel_for",
    "primitive",
    "total",
    "weight_of_all",
    "widen",
]


def kernel(
    operation: Primitive, backend: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates the fused form of an operation's forward for the raw arrays of one backend.

    It takes the raw inputs and the operation's parameters, and returns what the operation's
    forward over xp returns. That forward stays the definition; the kernel has to equal it.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        operation.register_kernel(get(backend), function)
        return function

    return register
