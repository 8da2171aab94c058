"""What is switched off and on for a block or a function, in this thread or task only.

*Recording*: whether operations remember what they were computed from. *State updates*: whether a
layer may change what it remembers, its running statistics for one. A forward that is run again, to
rebuild what a checkpoint let go, must not count twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, ClassVar, TypeVar

from ..tensor import recording

__all__ = [
    "enable_grad",
    "is_grad_enabled",
    "is_state_update_enabled",
    "no_grad",
    "no_state_update",
    "set_grad_enabled",
    "switches",
]

Function = TypeVar("Function", bound=Callable[..., Any])

updating: ContextVar[bool] = ContextVar("minigrad_updating", default=True)

switches: list[ContextVar[Any]] = [recording, updating]
"""What operations and layers look at besides what they are given. Whoever adds one says so here: a
captured step is for one setting of them all."""

_outer: ContextVar[Any] = ContextVar("minigrad_outer_modes", default=None)
"""What the flag was outside the block that this thread or task is in, and the same further out."""


class Mode(ContextDecorator):
    """A flag with a value of its own inside a `with` block or a decorated function."""

    flag: ClassVar[ContextVar[Any]]
    mode: Any

    def __enter__(self) -> None:
        _outer.set((self.flag.get(), _outer.get()))
        self.flag.set(self.mode)

    def __exit__(self, *exception: object) -> None:
        before, outer = _outer.get()
        _outer.set(outer)
        self.flag.set(before)

    def __call__(self, function: Function) -> Function:
        """The function, run in this mode. Raises TypeError for one that runs after its call."""
        if any(is_later(function) for is_later in RUN_LATER):
            raise TypeError(
                f"{type(self).__name__}: {function.__name__} runs after its call has returned; "
                f"write `with mg.autograd.{type(self).__name__}():` inside it"
            )
        return super().__call__(function)


RUN_LATER = (isgeneratorfunction, iscoroutinefunction, isasyncgenfunction)


class set_grad_enabled(Mode):
    """Record operations, or not, inside a `with` block or a decorated function."""

    flag = recording

    def __init__(self, mode: bool) -> None:
        self.mode = mode


class no_grad(Mode):
    """Nothing computed inside is recorded: its results are constants."""

    flag = recording
    mode = False


class enable_grad(Mode):
    """Recording again, inside a `no_grad` block."""

    flag = recording
    mode = True


def is_grad_enabled() -> bool:
    """Whether operations are recorded here."""
    return recording.get()


class no_state_update(Mode):
    """Layers leave what they remember as it is: running statistics and the count of batches."""

    flag = updating
    mode = False


def is_state_update_enabled() -> bool:
    """Whether a layer may change its running statistics here; it asks before it does."""
    return updating.get()
