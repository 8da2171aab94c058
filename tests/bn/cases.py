"""Batches to normalise: shapes, offsets and scales by channel, never a trivial parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigrad.testing.layout import lay_out
from minigrad.testing.strategies.arrays import layouts, seeds

__all__ = ["Case", "cases", "frozen", "shapes"]

Array = np.ndarray
EPS = (1e-5, 1e-3, 0.1, 1.0)
OFFSETS = (0.0, 0.0, 1.0, -7.0, 100.0)
SCALES = (1.0, 1.0, 0.01, 30.0)


@dataclass(frozen=True)
class Case:
    """A batch, its cotangent, and all else that batch norm takes. All of it is read-only."""

    x: Array
    g: Array
    weight: Array
    bias: Array
    running_mean: Array
    running_var: Array
    eps: float
    momentum: float

    @property
    def axes(self) -> tuple[int, ...]:
        return (0, *range(2, self.x.ndim))

    @property
    def m(self) -> int:
        """How many values a channel has."""
        return math.prod(self.x.shape[a] for a in self.axes)

    @property
    def inputs(self) -> list[Array]:
        return [self.x, self.weight, self.bias]

    def but(self, **changes: Any) -> Case:
        """This case with some arrays or numbers replaced."""
        frozen_changes = {k: frozen(v) if isinstance(v, Array) else v for k, v in changes.items()}
        return replace(self, **frozen_changes)

    def in_float64(self) -> Case:
        """The same values, for an oracle that is to err less."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(
            self, **{k: v.astype(np.float64) for k, v in arrays.items() if isinstance(v, Array)}
        )

    def wide(self, v: Array) -> Array:
        """One value a channel, to broadcast against x."""
        return np.reshape(v, [1, -1, *[1] * (self.x.ndim - 2)])

    def normal(self, seed: int, like: Array) -> Array:
        """Values to take as a direction, of the shape and dtype of `like`."""
        return frozen(np.random.default_rng(seed).standard_normal(like.shape).astype(like.dtype))

    def directions(self, seed: int) -> list[Array]:
        """A direction for each of the inputs."""
        return [self.normal(seed + i, a) for i, a in enumerate(self.inputs)]


def frozen(x: Any) -> Array:
    """`x`, made read-only: whoever writes to it raises."""
    x = np.asarray(x)
    x.flags.writeable = False
    return x


@st.composite
def shapes(
    draw: st.DrawFn, ranks: Sequence[int] = (2, 3, 4, 5), min_values: int = 2, min_side: int = 1
) -> tuple[int, ...]:
    """(N, C, ...) with at least `min_values` values a channel."""
    rank = draw(st.sampled_from(ranks))
    channels = draw(st.integers(min_side, 4))
    batch = draw(st.integers(min_side, 6))
    rest = draw(st.lists(st.integers(min_side, 3), min_size=rank - 2, max_size=rank - 2))
    if batch * math.prod(rest) < min_values:
        batch = min_values
        rest = [max(1, n) for n in rest]
    return (batch, channels, *rest)


@st.composite
def cases(
    draw: st.DrawFn,
    dtypes: Sequence[str] = ("float32", "float64"),
    ranks: Sequence[int] = (2, 3, 4, 5),
    min_values: int = 2,
    min_side: int = 1,
    mild: bool = False,
) -> Case:
    """A Case. With `mild`, every channel is well conditioned, as finite differences need it."""
    shape = draw(shapes(ranks, min_values, min_side))
    dtype = draw(st.sampled_from(dtypes))
    rng = np.random.default_rng(draw(seeds))
    channels = shape[1]
    column = (1, channels, *[1] * (len(shape) - 2))
    offset = rng.choice(OFFSETS[:4] if mild else OFFSETS, channels).reshape(column)
    scale = rng.choice(SCALES[:2] if mild else SCALES, channels).reshape(column)
    zeros = draw(st.sampled_from([0.0, 0.3]))

    def laid_out(values: Array) -> Array:
        return frozen(lay_out(values.astype(dtype), draw(layouts)))

    def vector(values: Array) -> Array:
        return frozen(values.astype(dtype))

    return Case(
        x=laid_out(offset + scale * rng.standard_normal(shape)),
        g=laid_out(rng.standard_normal(shape)),
        weight=vector(rng.uniform(-3, 3, channels) * (rng.random(channels) >= zeros)),
        bias=vector(rng.uniform(-3, 3, channels)),
        running_mean=vector(rng.uniform(-3, 3, channels)),
        running_var=vector(rng.uniform(0.1, 4, channels)),
        eps=draw(st.sampled_from(EPS[1:] if mild else EPS)),
        momentum=draw(st.sampled_from([0.0, 0.1, 0.37, 1.0])),
    )
