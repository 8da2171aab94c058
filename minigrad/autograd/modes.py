"""Recording, switched off and on: for a block, for a function; for this thread or task only."""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import Token

from ..tensor import recording

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]


class set_grad_enabled(ContextDecorator):
    """Record operations, or not, inside a `with` block or a decorated function."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(recording.set(self.mode))

    def __exit__(self, *exception: object) -> None:
        recording.reset(self._tokens.pop())

    def _recreate_cm(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)


class no_grad(set_grad_enabled):
    """Nothing computed inside is recorded: its results are constants."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """Recording again, inside a `no_grad` block."""

    def __init__(self) -> None:
        super().__init__(True)


def is_grad_enabled() -> bool:
    """Whether operations are recorded here."""
    return recording.get()
