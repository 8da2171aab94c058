"""Random Tensors, equal on every backend: drawn by NumPy's generator, then sent to the device."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

import numpy

from .autograd.checkpoint import about_to_change
from .backends import current_device
from .dtypes import get_default_dtype
from .ops.creation import asarray
from .tensor import Tensor

__all__ = [
    "Generator",
    "bernoulli",
    "default_generator",
    "manual_seed",
    "normal",
    "permutation",
    "uniform",
]

Shape = int | tuple[int, ...]

seen_through: ContextVar[Any] = ContextVar("minigrad_seen_through", default=None)
"""What draws in the place of NumPy's generators while a step is captured."""


class Generator:
    """A stream of random numbers (NumPy's PCG64) whose state can be saved and put back.

    `seed` is a non-negative integer; None takes one from the operating system.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._numpy = numpy.random.default_rng(seed)

    @property
    def numpy(self) -> numpy.random.Generator:
        """NumPy's generator, about to draw."""
        about_to_change(self)
        draws = seen_through.get()
        return self._numpy if draws is None else draws.of(self)

    def state_dict(self) -> dict[str, Any]:
        """The state, as a dictionary that JSON can hold."""
        self._refuse_while_captured()
        return json.loads(json.dumps(self._numpy.bit_generator.state, default=int))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where the generator that `state` came from stood."""
        self._refuse_while_captured()
        self._numpy.bit_generator.state = state

    def _refuse_while_captured(self) -> None:
        draws = seen_through.get()
        if draws is not None:
            draws.refuse_state()

    def spawn(self) -> Generator:
        """An independent stream, begun at a number that this one draws.

        So the state says all that follows, the streams that will be spawned among it.
        """
        return Generator(int.from_bytes(self.numpy.bytes(16)))


_default: ContextVar[Generator | None] = ContextVar("minigrad_default_generator", default=None)


def default_generator() -> Generator:
    """The generator that functions use when none is given: one for each thread or task."""
    generator = _default.get()
    if generator is None:
        generator = Generator()
        _default.set(generator)
    return generator


def manual_seed(seed: int) -> Generator:
    """Restart the default generator from `seed`, and return it."""
    generator = Generator(seed)
    _default.set(generator)
    return generator


def uniform(
    shape: Shape = (),
    low: float = 0.0,
    high: float = 1.0,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Numbers spread evenly over [low, high)."""
    draw = (generator or default_generator()).numpy.random(shape)
    return _sent(low + (high - low) * draw, dtype, device)


def normal(
    shape: Shape = (),
    mean: float = 0.0,
    std: float = 1.0,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Normally distributed numbers."""
    draw = (generator or default_generator()).numpy.standard_normal(shape)
    return _sent(mean + std * draw, dtype, device)


def bernoulli(
    shape: Shape,
    p: float,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Ones with probability p, zeros otherwise. Raises ValueError unless 0 <= p <= 1."""
    if not 0 <= p <= 1:
        raise ValueError(f"bernoulli: p is {p}, expected 0 <= p <= 1")
    draw = (generator or default_generator()).numpy.random(shape)
    return _sent(draw < p, dtype, device)


def permutation(n: int, *, generator: Generator | None = None) -> Tensor:
    """The integers below n in random order, as int64."""
    draw = (generator or default_generator()).numpy.permutation(n)
    return asarray(draw.astype("int64"), device=current_device())


def _sent(draw: Any, dtype: Any, device: Any) -> Tensor:
    dtype = get_default_dtype() if dtype is None else dtype
    values = draw.astype(dtype) if hasattr(draw, "astype") else numpy.asarray(draw, dtype=dtype)
    return asarray(values, device=current_device() if device is None else device)
