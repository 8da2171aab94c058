"""The tape: array calls, written down in order while they run.

An instruction is a piece of source with holes, `np.dot({}, {}) + 1`, and the values that fill them.
Literals stand in the text, so two instructions are the same if text and values are.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from .origin import Origin, Origins, name_here

__all__ = ["ATOM", "Instruction", "OnTape", "Tape", "Value", "active"]

ATOM = 10
"""The precedence of a name or a call: it needs no parentheses anywhere."""


class Value:
    """Something that a program computes with: an array, a scalar of NumPy's, a number."""

    __slots__ = ("contiguous", "dtype", "maker", "memory", "name", "nbytes", "shape", "strides")

    def __init__(self, real: Any, name: str = "") -> None:
        self.name = name
        self.shape: tuple[int, ...] | None = getattr(real, "shape", None)
        self.dtype = getattr(real, "dtype", None)
        self.strides = getattr(real, "strides", None)
        self.contiguous = isinstance(real, np.ndarray) and real.flags.c_contiguous
        self.nbytes: int = getattr(real, "nbytes", 0)
        self.memory: Value = self
        self.maker: Instruction | None = None

    @property
    def root(self) -> Value:
        """The value whose memory this one sees: itself, unless it is a view."""
        value = self
        while value.memory is not value:
            value = value.memory
        return value


class Instruction:
    """One call: `text` with a hole for each of `operands`, and what comes of it.

    `needs` says how tightly each hole binds, `level` how tightly the whole does. `writes` are the
    values whose memory it changes; `kept` says that it has an effect besides its results: a draw
    of random numbers, a check. `several` says that the call returns a tuple. `name` is what the
    code that made the call calls its result.
    """

    def __init__(
        self,
        text: str,
        operands: Sequence[Value],
        needs: Sequence[int],
        level: int,
        results: tuple[Value, ...],
        origin: Origin,
    ) -> None:
        self.text = text
        self.operands = tuple(operands)
        self.needs = tuple(needs)
        self.level = level
        self.results = results
        self.origin = origin
        self.writes: tuple[Value, ...] = ()
        self.kept = False
        self.several = False
        self.name = ""


class OnTape:
    """What stands for a value while it is computed: `real` is what it is now."""

    __slots__ = ("real", "tape", "value")

    def __init__(self, real: Any, value: Value, tape: Tape) -> None:
        self.real = real
        self.value = value
        self.tape = tape


class Named(NamedTuple):
    """An object that a program refers to by name, and how its source gets it: `import`, or made."""

    name: str
    line: str
    thing: Any


class Tape:
    """What a step has done so far, and where each value came from."""

    def __init__(self, names: dict[int, str]) -> None:
        self.instructions: list[Instruction] = []
        self.origins = Origins(names)
        self.named: dict[int, Named] = {}
        self.refusal: Exception | None = None

    def add(
        self,
        text: str,
        operands: Sequence[Value],
        needs: Sequence[int],
        level: int,
        results: tuple[Value, ...] = (),
    ) -> Instruction:
        """Write an instruction down."""
        instruction = Instruction(text, operands, needs, level, results, self.origins.here())
        instruction.name = name_here()
        for value in results:
            value.maker = instruction
        self.instructions.append(instruction)
        return instruction

    def refer(self, thing: Any, name: str, line: str) -> str:
        """The name in the source of an object that is defined above the program's function."""
        if id(thing) not in self.named:
            taken = {named.name for named in self.named.values()}
            unique, n = name, 2
            while unique in taken:
                unique, n = f"{name}_{n}", n + 1
            self.named[id(thing)] = Named(unique, line.format(name=unique), thing)
        return self.named[id(thing)].name


active: ContextVar[Tape | None] = ContextVar("minigrad_tape", default=None)
"""The tape of the step that is being captured in this thread or task."""
