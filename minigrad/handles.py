"""Hooks come and go: a table of them, and the handle that takes one away again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

__all__ = ["Hooks", "RemovableHandle"]

Hooks = dict[int, Callable[..., Any]]
"""Hooks in the order in which they were registered, each under the number of its handle."""

_next_key = count().__next__


class RemovableHandle:
    """Takes a hook away again: by `remove()`, or at the end of a `with` block."""

    def __init__(self, hooks: Hooks, hook: Callable[..., Any]) -> None:
        if not callable(hook):
            raise TypeError(f"a hook is a function, not a {type(hook).__name__}")
        self._hooks = hooks
        self.key = _next_key()
        hooks[self.key] = hook

    def remove(self) -> None:
        """Forget the hook; a second time does nothing."""
        self._hooks.pop(self.key, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()
