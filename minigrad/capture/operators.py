"""Python's operators on what is on a tape: each of them is one of three methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..where import describe, is_ours
from .tape import ATOM, OnTape
from .writing import BINARY, Phrase

__all__ = ["Operators", "check"]


class Operators(OnTape):
    """What has operators. A subclass says what they compute, and writes it down."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def unary(self, symbol: str) -> Any:
        """`-x`, `+x` or `~x`."""
        return NotImplemented

    def binary(self, symbol: str, a: Any, b: Any) -> Any:
        """`a symbol b`, one of which is this."""
        return NotImplemented

    def augmented(self, symbol: str, other: Any) -> Any:
        """`x symbol= other`; as a binary operator, unless a subclass changes x."""
        return NotImplemented


def check(x: OnTape, frame: Any) -> bool:
    """The truth of x now; that it is the same in a replay, the program checks.

    `frame` is where it was asked for.
    """
    found = bool(x.real)
    place = describe(frame.f_code, frame.f_lasti)
    if is_ours[frame.f_code.co_filename]:
        place = "minigrad" + place.rpartition("minigrad")[2]
    phrase = Phrase(x.tape)
    condition = phrase.of(x, ATOM)
    text = f"if {'not ' if found else ''}{condition}:\n    raise Departed({place!r})"
    x.tape.add(text, phrase.operands, phrase.needs, 0).kept = True
    return found


def unary(symbol: str) -> Callable[..., Any]:
    return lambda self: self.unary(symbol)


def binary(symbol: str) -> Callable[..., Any]:
    return lambda self, other: self.binary(symbol, self, other)


def reflected(symbol: str) -> Callable[..., Any]:
    return lambda self, other: self.binary(symbol, other, self)


def augmented(symbol: str) -> Callable[..., Any]:
    return lambda self, other: self.augmented(symbol, other)


NAMES = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod",
    "**": "pow", "@": "matmul", "&": "and", "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift",
    "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge",
}  # fmt: skip
for symbol, name in NAMES.items():
    setattr(Operators, f"__{name}__", binary(symbol))
    if symbol in BINARY:
        setattr(Operators, f"__r{name}__", reflected(symbol))
        setattr(Operators, f"__i{name}__", augmented(symbol))
for symbol, name in {"-": "neg", "+": "pos", "~": "invert"}.items():
    setattr(Operators, f"__{name}__", unary(symbol))
