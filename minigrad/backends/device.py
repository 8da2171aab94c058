"""Where an array lives: a device of one backend, and the default for new arrays.

A Tensor refers to its device, and through it to its backend, so one identity comparison tells
whether two Tensors may meet in an operation.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backend import Backend

__all__ = ["Device", "default_device", "set_default_device"]


class Device:
    """A place for arrays: one device of one backend. Equal to its name; usable in `with`.

    Names are `"cpu"`, `"cuda"`, `"cuda:1"`, or a backend's own such as `"strict:device1"`.
    Inside `with mg.device("cuda"):` new Tensors are made there.
    """

    __slots__ = ("backend", "name", "raw")

    def __init__(self, backend: Backend, raw: Any, name: str) -> None:
        self.backend = backend
        self.raw = raw
        self.name = name

    def __enter__(self) -> Device:
        _entered.set((*_entered.get(), default_device()))
        _default.set(self)
        return self

    def __exit__(self, *exception: object) -> None:
        *outer, previous = _entered.get()
        _entered.set(tuple(outer))
        _default.set(previous)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and other == self.name)

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"device({self.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self.name,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Device:
        return self


_default: ContextVar[Device | None] = ContextVar("minigrad_default_device", default=None)
_entered: ContextVar[tuple[Device | None, ...]] = ContextVar("minigrad_entered_devices", default=())
"""What the default was outside each `with device:` that this thread or task is in."""


def default_device() -> Device | None:
    """The device set by `set_default_device` or `with mg.device(...)`; None if neither was."""
    return _default.get()


def set_default_device(device: Device | None) -> None:
    """Make `device` the place of new Tensors in this thread or task."""
    _default.set(device)


def _unpickle(name: str) -> Device:
    from . import device

    return device(name)
