"""Counts how often arrays of a backend are turned into NumPy arrays: hidden copies to the host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy

from minigrad.backends import Backend

__all__ = ["Conversions", "can_be_seen", "counted_conversions"]

MISSING = object()


class Conversions:
    """How often each way to NumPy was taken."""

    def __init__(self) -> None:
        self.by_way: Counter[str] = Counter()

    @property
    def conversions(self) -> int:
        """How often any was taken."""
        return self.by_way.total()

    def __str__(self) -> str:
        return ", ".join(f"{way} {n} times" for way, n in self.by_way.items()) or "none"


@contextmanager
def counted_conversions(backend: Backend) -> Iterator[Conversions]:
    """Count conversions of `backend`'s arrays in a block.

    Seen are `Backend.to_numpy`, `numpy.asarray` and `numpy.array`, by whomever they are called as
    those, and the `__array__` of the arrays where their type can be patched.
    """
    count = Conversions()
    kind = backend.array_type
    with ExitStack() as stack:
        for owner, name in (
            (backend, "to_numpy"), (numpy, "asarray"), (numpy, "array"), (kind, "__array__"),
        ):  # fmt: skip
            stack.enter_context(watched(owner, name, kind, count))
        yield count


@contextmanager
def watched(owner: Any, name: str, kind: type, count: Conversions) -> Iterator[None]:
    """Count the calls of `owner.name` that get an array of `kind` first."""
    original = getattr(owner, name, None)
    own = vars(owner).get(name, MISSING)

    def counted(*args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], kind):
            count.by_way[name] += 1
        assert original is not None
        return original(*args, **kwargs)

    try:
        if original is not None:
            setattr(owner, name, counted)
    except TypeError:  # a type written in C, whose conversions the others see
        original = None
    try:
        yield
    finally:
        if original is not None:
            delattr(owner, name) if own is MISSING else setattr(owner, name, own)


def can_be_seen(backend: Backend) -> bool:
    """Whether a conversion of the backend's arrays to NumPy is counted at all: tried on one."""
    with counted_conversions(backend) as count, suppress(TypeError):
        numpy.asarray(backend.xp.zeros(2))
    return bool(count.conversions)
