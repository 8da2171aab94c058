"""Arrays to try a function on: shapes, values, and ways to lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

__all__ = ["SIDES", "Domain", "layouts", "lay_out", "seeds", "shapes", "shapes_that_broadcast"]

SIDES = (1, 2, 3)
seeds = st.integers(0, 2**32 - 1)
layouts = st.sampled_from(["C", "Fortran", "strided", "reversed", "stride 0", "read-only"])

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Domain:
    """Where the values of an input come from.

    Values lie in [low, high], at least `margin` from each of `away` (by default several steps of
    a finite difference); with `step` they are multiples of it plus `offset`; with `distinct` no
    two are close, nor their magnitudes; a share `zeros` of them is exactly 0. `kind` is "f", "c",
    "i" or "b", as in NumPy's dtype.kind; all that was said holds for the real and the imaginary
    parts of complex numbers.
    """

    low: float = -3.0
    high: float = 3.0
    away: tuple[float, ...] = ()
    margin: float = 0.06
    step: float = 0.0
    offset: float = 0.0
    distinct: bool = False
    zeros: float = 0.0
    kind: str = "f"

    def values(self, rng: np.random.Generator, shape: Shape) -> np.ndarray[Any, Any]:
        if self.kind == "c":
            real, imaginary = (replace(self, kind="f").values(rng, shape) for _ in range(2))
            return real + 1j * imaginary
        if self.kind == "b":
            return rng.random(shape) < 0.5
        if self.kind == "i":
            return rng.integers(int(self.low), int(self.high) + 1, shape)
        if self.distinct:
            size = int(np.prod(shape, dtype=int))
            sizes = (rng.permutation(size) + 1) * 0.25 + rng.uniform(-0.05, 0.05, size)
            x = (sizes * rng.choice([-1.0, 1.0], size)).reshape(shape)
        else:
            x = rng.uniform(self.low, self.high, shape)
        if self.step:
            x = np.floor(x / self.step) * self.step + self.offset
        for kink in self.away:
            side = np.where(x < kink, -1.0, 1.0)
            x = np.where(np.abs(x - kink) < self.margin, kink + side * self.margin, x)
        return np.where(rng.random(shape) < self.zeros, 0.0, x)


def shapes(
    min_dims: int = 0, max_dims: int = 3, sides: Sequence[int] = SIDES
) -> st.SearchStrategy[Shape]:
    """Shapes of a few small axes."""
    return st.lists(st.sampled_from(sides), min_size=min_dims, max_size=max_dims).map(tuple)


@st.composite
def shapes_that_broadcast(
    draw: st.DrawFn, count: int, max_dims: int = 3, sides: Sequence[int] = SIDES
) -> list[Shape]:
    """`count` shapes that broadcast: leading axes may be missing, others may have size 1."""
    full = draw(shapes(0, max_dims, sides))
    found = []
    for _ in range(count):
        tail = full[draw(st.integers(0, len(full))) :] if full and draw(st.booleans()) else full
        ones = draw(st.integers(0, 2 ** len(tail) - 1)) if draw(st.booleans()) else 0
        found.append(tuple(1 if ones >> i & 1 else n for i, n in enumerate(tail)))
    return found


def lay_out(x: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """The values of x, lying in memory some other way. "stride 0" repeats the first row instead."""
    if not x.ndim:
        return x.copy()
    if layout == "Fortran":
        return np.asfortranarray(x)
    if layout == "strided":
        wide = np.zeros(tuple(2 * n for n in x.shape), dtype=x.dtype)
        part = wide[tuple(slice(None, None, 2) for _ in x.shape)]
        part[...] = x
        return part
    if layout == "reversed":
        back = (slice(None, None, -1),) * x.ndim
        return x[back].copy()[back]
    if layout == "stride 0":
        return np.broadcast_to(x[:1], x.shape) if x.shape[0] else x.copy()
    y = np.array(x, order="C")
    if layout == "read-only":
        y.flags.writeable = False
    return y
