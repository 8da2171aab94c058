"""Recording, switched off and on: for a block, for a function; for this thread or task only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, TypeVar

from ..tensor import recording

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

Function = TypeVar("Function", bound=Callable[..., Any])

_outer: ContextVar[tuple[bool, ...]] = ContextVar("minigrad_outer_modes", default=())
"""Whether operations were recorded outside each block that this thread or task is in."""


class set_grad_enabled(ContextDecorator):
    """Record operations, or not, inside a `with` block or a decorated function."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        _outer.set((*_outer.get(), recording.get()))
        recording.set(self.mode)

    def __exit__(self, *exception: object) -> None:
        *outer, before = _outer.get()
        _outer.set(tuple(outer))
        recording.set(before)

    def __call__(self, function: Function) -> Function:
        """The function, run in this mode. Raises TypeError for one that runs after its call."""
        if any(is_later(function) for is_later in RUN_LATER):
            raise TypeError(
                f"{type(self).__name__}: {function.__name__} runs after its call has returned; "
                f"write `with mg.{type(self).__name__}():` inside it"
            )
        return super().__call__(function)


RUN_LATER = (isgeneratorfunction, iscoroutinefunction, isasyncgenfunction)


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
