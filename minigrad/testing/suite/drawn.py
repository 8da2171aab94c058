"""A call that Hypothesis drew from a record, ready to be differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg

from ..derivatives import cotangent_for, value
from ..functions import FlatFunction
from ..point import Point
from ..record import Case, OpRecord
from ..strategies.arrays import seeds
from ..tolerance import assert_close, largest

__all__ = ["Drawn"]


class Drawn:
    """A call to differentiate: its function, wanted inputs, value, and a random cotangent."""

    def __init__(self, data: Any, record: OpRecord, device: Any) -> None:
        self.record = record
        self.case: Case = data.draw(record.draw())
        self.rng = np.random.default_rng(data.draw(seeds))
        self.f = lambda *xs: record.call(*xs, **self.case.params)
        self.inputs = list(self.case.inputs)
        self.wanted = record.wanted(self.case)
        self.y = value(self.f, self.inputs, device)
        self.u = cotangent_for(self.y, self.rng)
        self.condition = record.condition
        self.what = f"{record}{self.case.params or ''}"

    def of_wanted(self, device: Any) -> Callable[..., Any]:
        """The call as a function of the wanted inputs alone."""
        xs = [mg.asarray(x, device=device) for x in self.inputs]

        def f(*wanted: mg.Tensor) -> Any:
            moved = dict(zip(self.wanted, wanted, strict=True))
            return self.f(*(moved.get(i, x) for i, x in enumerate(xs)))

        return f

    def point(self, device: Any) -> Point:
        """The function of the wanted inputs, where it is to be differentiated."""
        flat = FlatFunction(self.of_wanted(device), [self.inputs[i] for i in self.wanted], device)
        names = [f"input {i}" for i in self.wanted]
        f = f"lambda *xs: {self.record}(*xs, **{self.case.params})"
        call = f"check_grads({f if self.case.params else self.record}, *args, order=1)"
        return Point(flat, flat.values, names, self.case.terms, self.what, call)

    def directions(self) -> list[Any]:
        """A random direction for each wanted input."""
        return [cotangent_for(self.inputs[i], self.rng) for i in self.wanted]

    def along(self, directions: list[Any]) -> list[Any]:
        """A direction for every input: zero for those without a derivative."""
        moved = dict(zip(self.wanted, directions, strict=True))
        return [moved[i] if i in moved else np.zeros_like(x) for i, x in enumerate(self.inputs)]

    def close(self, actual: Any, expected: Any, what: str, order: int = 1) -> None:
        """Fail unless a derivative of that order is what it should be, up to rounding."""
        magnitude = largest(*self.inputs, self.y) * largest(self.u) * largest(expected)
        magnitude *= self.condition ** (order + 1)
        what = f"{self.what}: {what}"
        assert_close(actual, expected, what, terms=self.case.terms, magnitude=magnitude)
