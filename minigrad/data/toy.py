"""Points in the plane whose classes no straight line divides."""

from __future__ import annotations

from typing import Any

import numpy

from ..dtypes import get_default_dtype
from ..ops.creation import tensor
from .dataset import TensorDataset

__all__ = ["moons", "spirals"]


def moons(n: int = 1000, noise: float = 0.1, seed: int | None = None) -> TensorDataset:
    """Two interleaving half circles: points of shape (n, 2), labels 0 (upper moon) and 1 (lower).

    `noise` is the standard deviation of the normal noise on each coordinate; one `seed` gives one
    data set, on every backend.
    """
    rng = _checked("moons", n, noise, 2, seed)
    y = numpy.arange(n) % 2
    angle = numpy.pi * rng.random(n)
    upper = numpy.stack([numpy.cos(angle), numpy.sin(angle)], axis=-1)
    lower = numpy.asarray([1.0, 0.5]) - upper
    return _dataset(numpy.where(y[:, None] == 0, upper, lower), y, noise, rng)


def spirals(
    n: int = 1000, classes: int = 3, noise: float = 0.05, seed: int | None = None
) -> TensorDataset:
    """Spiral arms around the origin, one a class: points of shape (n, 2), labels 0 to classes - 1.

    An arm reaches from the origin to radius 1 in one turn. `noise` and `seed` are those of `moons`.
    """
    rng = _checked("spirals", n, noise, classes, seed)
    y = numpy.arange(n) % classes
    radius = numpy.sqrt(rng.random(n))
    angle = 2 * numpy.pi * (radius + y / classes)
    arms = radius[:, None] * numpy.stack([numpy.cos(angle), numpy.sin(angle)], axis=-1)
    return _dataset(arms, y, noise, rng)


def _checked(
    name: str, n: int, noise: float, classes: int, seed: int | None
) -> numpy.random.Generator:
    if classes < 1 or n < classes:
        raise ValueError(f"{name}: {n} points of {classes} classes; expected at least one a class")
    if not 0 <= noise < numpy.inf:
        raise ValueError(f"{name}: noise is {noise}, expected a finite number, at least 0")
    return numpy.random.default_rng(seed)


def _dataset(x: Any, y: Any, noise: float, rng: numpy.random.Generator) -> TensorDataset:
    x = x + noise * rng.standard_normal(x.shape)
    return TensorDataset(tensor(x.astype(get_default_dtype())), tensor(y))
