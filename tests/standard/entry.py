"""An entry of the table: which dtypes a function of the standard takes, and calls of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad.testing.layout import lay_out

from .reference import namespace_of, numpy_standard, strict

__all__ = [
    "Call", "DType", "Entry", "Rng", "Shape", "any_axes", "at_least", "axis_of", "call", "flat",
    "kept", "one_array", "values",
]  # fmt: skip

Rng = np.random.Generator
Shape = tuple[int, ...]

SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5)


class DType(str):
    """The name of a dtype, which each library has an object of its own for."""


class Call(NamedTuple):
    """The arguments of a call: NumPy arrays in any nesting, names of dtypes, plain parameters."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def laid_out(self, layout: str) -> Call:
        """The same arguments, lying in memory some other way."""
        return self.mapped(lambda x: lay_out(x, layout) if isinstance(x, np.ndarray) else x)

    def mapped(self, convert: Callable[[Any], Any]) -> Call:
        kwargs = {name: nested(convert, x) for name, x in self.kwargs.items()}
        return Call(tuple(nested(convert, x) for x in self.args), kwargs)


def nested(convert: Callable[[Any], Any], x: Any) -> Any:
    return type(x)(nested(convert, e) for e in x) if isinstance(x, list | tuple) else convert(x)


def call(*args: Any, **kwargs: Any) -> Call:
    return Call(args, kwargs)


@dataclass(frozen=True, repr=False)
class Entry:
    """A function of the standard.

    `dtypes` are those of its first array that it has to take; `make(rng, shape, dtype)` draws a
    call; `place` is the namespace that has it. `sums` says that an element of the value adds up
    several of the input; `settled(result)` is the part of the result that is determined.
    """

    name: str
    dtypes: tuple[str, ...]
    make: Callable[[Rng, Shape, str], Call]
    place: str = "main"
    sums: bool = False
    settled: Callable[[Any], Any] = lambda y: y

    def on_minigrad(self, found: Call, device: Any) -> Any:
        """What minigrad gives, on a device."""

        def convert(x: Any) -> Any:
            if isinstance(x, DType):
                return np.dtype(x)
            return mg.asarray(x, device=device) if isinstance(x, np.ndarray) else x

        args, kwargs = found.mapped(convert)
        if not any(isinstance(x, mg.Tensor) for x in flat((args, kwargs))) and "device" in kwargs:
            kwargs["device"] = device
        return self.settled(self.called(mg, Call(args, kwargs)))

    def on_numpy(self, found: Call) -> Any:
        """What NumPy gives, by the standard's names and signatures."""
        args, kwargs = found.mapped(lambda x: np.dtype(x) if isinstance(x, DType) else x)
        return self.settled(self.called(numpy_standard, Call(args, kwargs)))

    def on_strict(self, found: Call) -> Any:
        """What array-api-strict gives, or its TypeError where the standard allows no such call."""

        def convert(x: Any) -> Any:
            if isinstance(x, DType):
                return getattr(strict, x)
            return strict.asarray(x) if isinstance(x, np.ndarray) else x

        args, kwargs = found.mapped(convert)
        kwargs = {name: x for name, x in kwargs.items() if name != "device"}
        return self.settled(self.called(strict, Call(args, kwargs)))

    def called(self, root: Any, found: Call) -> Any:
        """The function of that name in a library, called with arguments of that library."""
        return getattr(namespace_of(self.place, root), self.name)(*found.args, **found.kwargs)

    def __repr__(self) -> str:
        return self.name if self.place == "main" else f"{self.place}.{self.name}"


def flat(result: Any) -> Iterator[Any]:
    """The arrays and numbers of a result, however they are nested."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        for part in result:
            yield from flat(part)
    else:
        yield result


def values(
    rng: Rng, shape: Shape, dtype: str, low: float = -5, high: float = 5, special: float = 0.25
) -> np.ndarray[Any, Any]:
    """Values between `low` and `high`; of floats a share are zeros, infinities and NaN."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if kind in "iu":
        low = max(low, 0) if kind == "u" else low
        return np.asarray(rng.integers(int(low), int(high) + 1, shape), dtype=dtype)
    if kind == "c":
        parts = [values(rng, shape, "float64", low, high, special) for _ in range(2)]
        x = np.empty(shape, dtype=dtype)
        x.real, x.imag = parts
        return x
    x = rng.uniform(low, high, shape)
    return np.where(rng.random(shape) < special, rng.choice(SPECIAL, shape), x).astype(dtype)


def axis_of(rng: Rng, shape: Shape) -> int:
    """An axis, counted from either end."""
    return int(rng.integers(-len(shape), len(shape)))


def any_axes(rng: Rng, shape: Shape) -> Any:
    """The axes of a reduction: None, one, or several."""
    n = len(shape)
    if not n or rng.random() < 0.3:
        return None
    if rng.random() < 0.5:
        return axis_of(rng, shape)
    return tuple(int(a) for a in rng.permutation(n)[: rng.integers(0, n + 1)])


def at_least(shape: Shape, ndim: int) -> Shape:
    """`shape`, with axes of size 2 in front where there are too few."""
    return (2,) * (ndim - len(shape)) + shape


def kept(rng: Rng) -> bool:
    return bool(rng.integers(2))


def one_array(rng: Rng, shape: Shape, dtype: str) -> Call:
    """One array and nothing else."""
    return call(values(rng, shape, dtype))
