"""A row of the neighbours' table: somebody else's function, called with Tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

__all__ = ["Domain", "Neighbour", "Refusal", "array_namespace", "positive", "probability", "real"]


@dataclass(frozen=True)
class Domain:
    """Where the elements of an input lie, and its shape. No two are close: ties are kinks.

    They lie within `jitter` cells of the centres of as many cells between `low` and `high`.
    """

    low: float
    high: float
    shape: tuple[int, ...]
    jitter: float = 0.4

    def values(self, rng: np.random.Generator) -> np.ndarray[Any, Any]:
        size = math.prod(self.shape)
        places = (rng.permutation(size) + 0.5 + rng.uniform(-self.jitter, self.jitter, size)) / size
        return self.low + (self.high - self.low) * places.reshape(self.shape)


def real(*shape: int) -> Domain:
    return Domain(-2.0, 2.0, shape or (6,))


def positive(*shape: int) -> Domain:
    return Domain(0.5, 2.0, shape or (6,))


def probability(*shape: int) -> Domain:
    return Domain(0.3, 0.7, shape or (6,))


@dataclass(frozen=True, repr=False)
class Neighbour:
    """`call(*arrays)` is the function called `name`, of arrays of any library.

    `inputs` are the domains of the arrays. A method that iterates until it is near enough `leaves`
    an error, as a share of the value.
    """

    name: str
    call: Callable[..., Any]
    inputs: Sequence[Domain] = (positive(),)
    leaves: float = 0.0

    def draw(self, seed: int) -> list[np.ndarray[Any, Any]]:
        rng = np.random.default_rng(seed)
        return [domain.values(rng) for domain in self.inputs]

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, repr=False)
class Refusal:
    """A function that can't be differentiated, since it converts to NumPy, and its error."""

    name: str
    call: Callable[..., Any]
    error: type[Exception] = ValueError
    message: str = "this Tensor requires grad, and its history would be lost"

    def __repr__(self) -> str:
        return self.name
