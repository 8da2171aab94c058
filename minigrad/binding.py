"""From an operation to its function of raw arrays: bound to each backend when it is first called.

Whoever watches operations puts a wrapper around these functions, which is there only while somebody
does: nothing else asks whether anybody watches.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any

from .backends import Backend
from .backends.kernels import ArrayFunction

if TYPE_CHECKING:
    from .operation import Primitive

__all__ = ["Functions", "observe", "over"]

_binding = RLock()


class Functions(dict[Backend, Callable[..., Any]]):
    """The raw function that an operation is on each backend."""

    def __init__(self, operation: Primitive) -> None:
        self.operation = operation
        all_functions.append(self)

    def __missing__(self, backend: Backend) -> Callable[..., Any]:
        operation = self.operation
        with _binding:
            if operation.forward is not None:
                function = over(operation.forward, backend.xp)
            else:
                function = getattr(backend.xp, operation.name)
            if observer is not None:
                function = observer(operation, backend, function)
            self[backend] = function
        return function

    def rebind(self) -> None:
        """Bind anew what has been bound: the operation's forward, or who watches, has changed."""
        with _binding:
            self.clear()


all_functions: list[Functions] = []

Observer = Callable[["Primitive", Backend, Callable[..., Any]], Callable[..., Any]]

observer: Observer | None = None


def observe(new: Observer | None) -> None:
    """Wrap the raw function of every operation by `new`; None takes the wrappers off again."""
    global observer
    with _binding:
        observer = new
        for functions in all_functions:
            functions.rebind()


def over(function: Callable[..., Any], xp: Any) -> Callable[..., Any]:
    """A function over xp, with its xp."""
    return function.over(xp) if isinstance(function, ArrayFunction) else partial(function, xp)
