"""A Python number that changes from step to step: a learning rate, a count of steps.

Arithmetic on it is Python's, and is written down; so a program shows the bias correction of Adam
and computes it at each call. Whether it is zero, or greater than another, the program checks.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from ..where import describe
from .recorded import Recorded, asked, operate
from .tape import ATOM, OnTape, Tape, Value
from .writing import BINARY, COMPARISONS, Phrase

__all__ = ["Number"]


class Number(OnTape):
    """An int or a float on a tape."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        found = bool(self.real)
        frame = sys._getframe(1)
        phrase = Phrase(self.tape)
        condition = phrase.of(self, ATOM)
        place = describe(frame.f_code, frame.f_lasti)
        text = f"if {'not ' if found else ''}{condition}:\n    raise Departed({place!r})"
        self.tape.add(text, phrase.operands, phrase.needs, 0).kept = True
        return found

    def __float__(self) -> float:
        raise asked("float(number)")

    def __int__(self) -> int:
        raise asked("int(number)")

    def __index__(self) -> int:
        raise asked("an index")

    def __neg__(self) -> Any:
        return noted(self.tape, lambda phrase: (f"-{phrase.of(self, 8)}", 8), -self.real)

    def __repr__(self) -> str:
        return f"<{self.real!r}, a number that changes from step to step>"


def noted(tape: Tape, write: Callable[[Phrase], tuple[str, int]], real: Any) -> Number:
    phrase = Phrase(tape)
    text, level = write(phrase)
    number = Number(real, Value(real), tape)
    tape.add(text, phrase.operands, phrase.needs, level, (number.value,))
    return number


def binary(symbol: str, reflected: bool) -> Callable[..., Any]:
    function = COMPARISONS[symbol] if symbol in COMPARISONS else BINARY[symbol][0]

    def method(self: Number, other: Any) -> Any:
        if isinstance(other, Recorded):
            return operate(symbol, other, self) if reflected else operate(symbol, self, other)
        if not isinstance(other, Number) and type(other) not in (int, float, bool):
            return NotImplemented
        a, b = (other, self) if reflected else (self, other)
        real = function(*(x.real if isinstance(x, Number) else x for x in (a, b)))
        return noted(self.tape, lambda phrase: phrase.operator(symbol, a, b), real)

    return method


ARITHMETIC = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow",
}  # fmt: skip
for symbol, name in ARITHMETIC.items():
    setattr(Number, f"__{name}__", binary(symbol, False))
    setattr(Number, f"__r{name}__", binary(symbol, True))
for symbol in COMPARISONS:
    names = {operator.eq: "eq", operator.ne: "ne", operator.lt: "lt"}
    names |= {operator.le: "le", operator.gt: "gt", operator.ge: "ge"}
    setattr(Number, f"__{names[COMPARISONS[symbol]]}__", binary(symbol, False))
