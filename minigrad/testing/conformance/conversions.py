"""Counts how often arrays of a backend are turned into NumPy arrays: hidden copies to the host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minigrad.backends import Backend

__all__ = ["Conversions", "counted_conversions"]


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

    Seen are `Backend.to_numpy` and, where the type of the arrays can be patched, `__array__`.
    """
    count = Conversions()
    kind: Any = backend.array_type
    to_numpy, to_array = backend.to_numpy, kind.__dict__.get("__array__")

    def counted_to_numpy(array: Any) -> Any:
        count.by_way["to_numpy"] += 1
        return to_numpy(array)

    def counted_array(self: Any, *args: Any, **kwargs: Any) -> Any:
        count.by_way["__array__"] += 1
        assert to_array is not None
        return to_array(self, *args, **kwargs)

    patched = False
    backend.to_numpy = counted_to_numpy  # type: ignore[method-assign]
    try:
        if to_array is not None:
            try:
                kind.__array__ = counted_array
                patched = True
            except TypeError:  # a type written in C
                pass
        yield count
    finally:
        del backend.to_numpy
        if patched:
            kind.__array__ = to_array
