"""A Python number that changes from step to step: a learning rate, a count of steps.

Arithmetic on it is Python's, and is written down; so a program shows the bias correction of Adam
and computes it at each call. Whether it is zero, or greater than another, the program checks.
"""

from __future__ import annotations

import sys
from typing import Any

from .operators import Operators, check
from .recorded import Recorded, asked
from .tape import Value
from .writing import BINARY, COMPARISONS, UNARY, Phrase

__all__ = ["Number"]


class Number(Operators):
    """An int or a float on a tape."""

    __slots__ = ()

    def unary(self, symbol: str) -> Any:
        phrase = Phrase(self.tape)
        return noted(phrase, *phrase.sign(symbol, self), UNARY[symbol](self.real))

    def binary(self, symbol: str, a: Any, b: Any) -> Any:
        other = b if a is self else a
        if isinstance(other, Recorded):
            return other.binary(symbol, a, b)
        if not isinstance(other, Number) and type(other) not in (int, float, bool):
            return NotImplemented
        function = COMPARISONS[symbol] if symbol in COMPARISONS else BINARY[symbol][0]
        real = function(*[x.real if isinstance(x, Number) else x for x in (a, b)])
        phrase = Phrase(self.tape)
        return noted(phrase, *phrase.operator(symbol, a, b), real)

    def __bool__(self) -> bool:
        return check(self, sys._getframe(1))

    def __float__(self) -> float:
        raise asked("float(number)")

    def __int__(self) -> int:
        raise asked("int(number)")

    def __index__(self) -> int:
        raise asked("an index")

    def __repr__(self) -> str:
        return f"<{self.real!r}, a number that changes from step to step>"


def noted(phrase: Phrase, text: str, level: int, real: Any) -> Number:
    """The result of an operator, written down."""
    number = Number(real, Value(real), phrase.tape)
    phrase.tape.add(text, phrase.operands, phrase.needs, level, (number.value,))
    return number
