"""Random programs on complex numbers, holomorphic operations among others, from leaves to a loss.

As `programs`, but every value is complex: where an operation gives real numbers they are turned
into the plane again. Values have shapes (2, 3), (3,) or (); transforms broadcast what they get.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigrad.testing.strategies.programs import Step, full

__all__ = ["drawn", "loss_of", "programs", "run"]

Operation = Callable[..., Any]


def tamed(xp: Any, z: Any) -> Any:
    """z drawn towards 0, smoothly and in no holomorphic way: never longer than 1/2."""
    return z / (1.0 + xp.real(z) ** 2 + xp.imag(z) ** 2)


def beside_one(xp: Any, z: Any) -> Any:
    """A number around 1, far from poles and branch cuts."""
    return 1.0 + tamed(xp, z)


unary: dict[str, Operation] = {
    "exp": lambda xp, z: xp.exp(2j * tamed(xp, z)),
    "sin": lambda xp, z: xp.sin(tamed(xp, z)),
    "tanh": lambda xp, z: xp.tanh(tamed(xp, z)),
    "log": lambda xp, z: xp.log(beside_one(xp, z)),
    "sqrt": lambda xp, z: xp.sqrt(beside_one(xp, z)),
    "power": lambda xp, z: beside_one(xp, z) ** (1.5 - 0.5j),
    "reciprocal": lambda xp, z: 1.0 / beside_one(xp, z),
    "conj": lambda xp, z: xp.conj(z),
    "real": lambda xp, z: xp.real(z) * (1 + 0.5j),
    "imag": lambda xp, z: xp.imag(z) * 1j,
    "abs": lambda xp, z: xp.abs(beside_one(xp, z)) * (1 - 1j),
    "sign": lambda xp, z: beside_one(xp, z) / xp.abs(beside_one(xp, z)),
    "column sums": lambda xp, z: xp.sum(full(xp, z), axis=0),
    "mean": lambda xp, z: xp.mean(full(xp, z)),
    "product": lambda xp, z: xp.prod(beside_one(xp, full(xp, z)), axis=0),
    "rolled": lambda xp, z: xp.roll(full(xp, z), 1, axis=1),
    "last row": lambda xp, z: full(xp, z)[-1, :],
    "fft": lambda xp, z: xp.fft.fft(full(xp, z), axis=1, norm="ortho"),
    "ifft, cut and padded": lambda xp, z: xp.fft.fft(xp.fft.ifft(full(xp, z), n=2), n=3),
    "rfft": lambda xp, z: xp.fft.rfft(xp.real(full(xp, z)), n=4, norm="forward"),
    "irfft": lambda xp, z: xp.fft.irfft(full(xp, z), n=3) * (1 + 2j),
    "hfft": lambda xp, z: xp.fft.hfft(full(xp, z), n=3, norm="ortho") * 1j,
    "ihfft": lambda xp, z: xp.fft.ihfft(xp.imag(full(xp, z)), n=5),
}
binary: dict[str, Operation] = {
    "add": lambda xp, a, b: a + b,
    "subtract": lambda xp, a, b: a - 1j * b,
    "multiply": lambda xp, a, b: tamed(xp, a) * tamed(xp, b),
    "multiply by a conjugate": lambda xp, a, b: tamed(xp, a) * xp.conj(tamed(xp, b)),
    "multiply by a real number": lambda xp, a, b: a * xp.real(tamed(xp, b)),
    "divide": lambda xp, a, b: a / beside_one(xp, b),
    "gram": lambda xp, a, b: full(xp, a) @ xp.conj(full(xp, tamed(xp, b))).mT @ full(xp, b) / 9,
    "join": lambda xp, a, b: xp.concat([full(xp, a)[:, :2], full(xp, b)[:, :1]], axis=1),
}
operations = unary | binary

places = st.integers(0, 5)
any_step = st.one_of(
    st.builds(Step, st.sampled_from(sorted(unary)), st.tuples(places)),
    st.builds(Step, st.sampled_from(sorted(binary)), st.tuples(places, places)),
)
programs = st.lists(any_step, min_size=2, max_size=8)
shapes = [(2, 3), (3,), ()]


def run(xp: Any, program: list[Step], leaves: list[Any]) -> list[Any]:
    """All values that the program makes, the leaves first, as complex numbers."""
    values = [(1 + 0.3j) * x for x in leaves]
    for name, operands in program:
        values.append(operations[name](xp, *(values[-1 - i % len(values)] for i in operands)))
    return values


def loss_of(xp: Any, program: list[Step], leaves: list[Any]) -> Any:
    """A real number to which both parts of every value contribute, each in its own way."""
    loss = 0.0
    for i, z in enumerate(run(xp, program, leaves)):
        a, b = xp.real(z), xp.imag(z)
        loss = loss + (0.5 + i / 10) * xp.sum(a * a + 0.7 * a * b + 1.5 * b * b - 0.2 * b)
    return loss


def drawn(seed: int, complex: bool) -> tuple[list[Any], list[Any]]:
    """Values for the leaves, real or complex, and directions to differentiate in."""
    rng = np.random.default_rng(seed)

    def some(shape: tuple[int, ...]) -> Any:
        x = rng.uniform(-1.5, 1.5, shape)
        return np.asarray(x + 1j * rng.uniform(-1.5, 1.5, shape) if complex else x)

    return [some(shape) for shape in shapes], [some(shape) for shape in shapes]
