"""Draws of random numbers, as instructions: a replay draws what the step itself would draw next."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from ..random import Generator, default_generator
from .errors import CaptureError, refusal
from .recorded import made
from .tape import ATOM, OnTape, Tape, Value
from .writing import Phrase

__all__ = ["Draws", "Foreign"]

METHODS = ("permutation", "random", "standard_normal")


class Draws:
    """The generators of minigrad's that a step draws from; None stands for the default one."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.before: dict[Generator, Any] = {}
        self.found: list[tuple[Generator | None, Value]] = []
        self.values: dict[Generator, Value] = {}

    def of(self, generator: Generator) -> Drawing:
        """What draws in the place of NumPy's generator."""
        if generator not in self.values:
            self.before[generator] = generator._numpy.bit_generator.state
            self.values[generator] = Value(None, "generator")
            by_default = generator is default_generator()
            self.found.append((None if by_default else generator, self.values[generator]))
        return Drawing(generator._numpy, self.values[generator], self.tape)

    def restore(self) -> None:
        """Let every generator stand where it stood."""
        for generator, state in self.before.items():
            generator._numpy.bit_generator.state = state

    def refuse_state(self) -> None:
        """Raise CaptureError: a program draws, and does not set a generator back."""
        raise refusal("the state of a generator is asked for, or set", "do so outside the step")


class Drawing(OnTape):
    """NumPy's generator, on a tape."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name not in METHODS:
            raise refusal(
                f"generator.{name} is no draw that a program repeats",
                "draw by mg.random.uniform, normal, bernoulli or permutation; spawn outside",
            )

        def draw(shape: Any) -> Any:
            phrase = Phrase(self.tape)
            text = f"{phrase.of(self, ATOM)}.{name}({phrase.of(shape)})"
            found = getattr(self.real, name)(shape)
            if isinstance(found, float):
                found, text = np.float64(found), f"np.float64({text})"
            return made(phrase, text, ATOM, found, kept=True)

        return draw


class Foreign:
    """The generators that are not minigrad's: a program would not draw from them."""

    def __init__(self) -> None:
        self.before = random.getstate(), numpys_state()

    def check(self) -> None:
        """Raise CaptureError if one of them has drawn since."""
        now = random.getstate(), numpys_state()
        for name, after, before in zip(("random", "numpy.random"), now, self.before, strict=True):
            if after != before:
                raise CaptureError(
                    f"capture: the step draws from `{name}`, and a replay would not draw anew; "
                    "draw from mg.random"
                )


def numpys_state() -> Any:
    state: Any = np.random.get_state()
    return bytes(state[1]), *state[2:]
