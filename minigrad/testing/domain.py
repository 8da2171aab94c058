"""Where the values of an input come from: an interval, without the points to keep away from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Domain", "huge_offset", "ill_conditioned", "well_scaled"]

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Domain:
    """Where the values of an input come from.

    Values lie in [low, high], at least `margin` from each of `away` (by default several steps of
    a finite difference); with `step` they are multiples of it plus `offset`; with `distinct` no
    two are close, nor their magnitudes; a share `zeros` of them is exactly 0. `shift` is added to
    all of them in the end, `decades` spreads their magnitudes over so many powers of ten. `kind` is
    "f", "i", "b" or "c", as in NumPy's dtype.kind. Raises ValueError for an interval without values
    and for another kind.
    """

    low: float = -3.0
    high: float = 3.0
    away: tuple[float, ...] = ()
    margin: float = 0.06
    step: float = 0.0
    offset: float = 0.0
    distinct: bool = False
    zeros: float = 0.0
    shift: float = 0.0
    decades: float = 0.0
    kind: str = "f"

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"Domain: there are no values from {self.low} to {self.high}")
        if self.kind not in ("f", "i", "b", "c"):
            raise ValueError(f"Domain: kind {self.kind!r} is none of 'f', 'i', 'b' and 'c'")

    def values(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Values of `shape`: float64, complex128, int64 or bool, by `kind`."""
        if self.kind == "b":
            return rng.random(shape) < 0.5
        if self.kind == "i":
            return rng.integers(int(self.low), int(self.high) + 1, shape)
        if self.kind == "c":
            return self.real(rng, shape) + 1j * self.real(rng, shape)
        return self.real(rng, shape)

    def real(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Values of `shape` in float64."""
        if self.distinct:
            size = int(np.prod(shape, dtype=int))
            sizes = (rng.permutation(size) + 1) * 0.25 + rng.uniform(-0.05, 0.05, size)
            x = (sizes * rng.choice([-1.0, 1.0], size)).reshape(shape)
        else:
            x = rng.uniform(self.low, self.high, shape)
        if self.decades:
            x = x * 10.0 ** rng.uniform(-self.decades / 2, self.decades / 2, shape)
        if self.step:
            x = np.floor(x / self.step) * self.step + self.offset
        for kink in self.away:
            side = np.where(x < kink, -1.0, 1.0)
            x = np.where(np.abs(x - kink) < self.margin, kink + side * self.margin, x)
        return np.where(rng.random(shape) < self.zeros, 0.0, x) + self.shift


def well_scaled() -> Domain:
    """Values of magnitude about 1, as in the layers of a net."""
    return Domain(-2.0, 2.0)


def ill_conditioned() -> Domain:
    """Magnitudes over twelve powers of ten: sums lose what products keep."""
    return Domain(-1.0, 1.0, decades=12.0)


def huge_offset() -> Domain:
    """Values of spread 1 around 1e7, where a variance by E[x^2] - E[x]^2 is lost in float32."""
    return Domain(-1.0, 1.0, shift=1e7)
