"""Calls as source: literals, names of NumPy's functions, holes for what is computed."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..node import Form
from .errors import refusal
from .origin import made_by_us
from .tape import OnTape, Tape, Value

__all__ = ["BINARY", "COMPARISONS", "Phrase", "UNARY", "name_of"]

BINARY: dict[str, tuple[Callable[..., Any], int]] = {
    "**": (operator.pow, 9),
    "*": (operator.mul, 7),
    "/": (operator.truediv, 7),
    "//": (operator.floordiv, 7),
    "%": (operator.mod, 7),
    "@": (operator.matmul, 7),
    "+": (operator.add, 6),
    "-": (operator.sub, 6),
    "<<": (operator.lshift, 5),
    ">>": (operator.rshift, 5),
    "&": (operator.and_, 4),
    "^": (operator.xor, 3),
    "|": (operator.or_, 2),
}
"""Operators, the functions that they are, and how tightly they bind."""

SIGN = 8
"""How tightly a sign binds."""

COMPARISONS: dict[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
UNARY: dict[str, Callable[..., Any]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}

SYMBOLS = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.true_divide: "/",
    np.equal: "==",
    np.not_equal: "!=",
    np.less: "<",
    np.less_equal: "<=",
    np.greater: ">",
    np.greater_equal: ">=",
}
"""The functions of NumPy's that an operator between arrays calls."""


def name_of(function: Callable[..., Any]) -> str | None:
    """How a program calls a function of NumPy's; None if it is none."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        whole = name_of(owner)
        return None if whole is None else f"{whole}.{function.__name__}"
    module = getattr(function, "__module__", None) or "numpy"
    name = f"{module}.{function.__name__}"
    found: Any = np
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return "np" + name.removeprefix("numpy") if found is function else None


class Phrase:
    """A piece of source that grows: its text, and the values that fill the holes."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.operands: list[Value] = []
        self.reals: list[Any] = []
        self.needs: list[int] = []

    def of(self, x: Any, need: int = 0) -> str:
        """The source of one argument; values become holes that bind at least as tight as `need`."""
        if isinstance(x, OnTape):
            self.operands.append(x.value)
            self.reals.append(x.real)
            self.needs.append(need)
            return "{}"
        if isinstance(x, np.ndarray):
            if not made_by_us():
                raise refusal(
                    "an array comes in that the step was not given",
                    "hand it over as an argument, or make it a Tensor outside: mg.asarray(array)",
                )
            return self.tape.refer(x, *constant(x))
        if isinstance(x, Form):  # of an array that a kernel does not read
            name = self.tape.refer(Form, "Form", "from minigrad.node import {name}")
            return f"{name}({x.shape}, np.dtype({x.dtype.name!r}))"
        kind = type(x)
        if kind in (list, tuple):
            inside = ", ".join([self.of(part) for part in x])
            if kind is list:
                return f"[{inside}]"
            return f"({inside},)" if len(x) == 1 else f"({inside})"
        if kind is slice:
            return f"slice({self.of(x.start)}, {self.of(x.stop)}, {self.of(x.step)})"
        text = self.literal(x)
        return f"({text})" if need > SIGN and text.startswith("-") else text

    def literal(self, x: Any) -> str:
        if x is None or x is ... or type(x) in (bool, int, str):
            return "..." if x is ... else repr(x).replace("{", "{{").replace("}", "}}")
        if type(x) is float:
            return repr(x) if math.isfinite(x) else f"float({str(x)!r})"
        if type(x) is complex:
            return repr(x)
        if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
            return f"np.{np.dtype(x).name}"
        if isinstance(x, np.generic):
            return f"np.{x.dtype.name}({self.literal(x.item())})"
        if x in (bool, int, float, complex):
            return x.__name__
        name = name_of(x) if callable(x) else None
        if name is None:
            raise TypeError(f"{x!r} can't be written down")
        return name

    def arguments(self, args: Any, kwargs: dict[str, Any]) -> str:
        """What stands between the parentheses of a call."""
        parts = [self.of(x) for x in args]
        parts += [f"{key}={self.of(x)}" for key, x in kwargs.items()]
        return ", ".join(parts)

    def key(self, key: Any) -> str:
        """What stands between the brackets of an index."""
        if type(key) is tuple and key:
            return ", ".join(map(self.part, key)) + ("," if len(key) == 1 else "")
        return self.part(key)

    def part(self, entry: Any) -> str:
        if type(entry) is not slice:
            return self.of(entry)
        bounds = entry.start, entry.stop, entry.step
        start, stop, step = ["" if x is None else self.of(x) for x in bounds]
        return f"{start}:{stop}" + (f":{step}" if step else "")

    def sign(self, symbol: str, x: Any) -> tuple[str, int]:
        """`symbol x`, and how tightly it binds."""
        return f"{symbol}{self.of(x, SIGN)}", SIGN

    def operator(self, symbol: str, a: Any, b: Any) -> tuple[str, int]:
        """`a symbol b`, and how tightly it binds."""
        if symbol in COMPARISONS:
            return f"{self.of(a, 2)} {symbol} {self.of(b, 2)}", 1
        level = BINARY[symbol][1]
        left, right = (level + 1, level + 1) if symbol == "**" else (level, level + 1)
        return f"{self.of(a, left)} {symbol} {self.of(b, right)}", level


def constant(array: np.ndarray[Any, Any]) -> tuple[str, str]:
    """The name of an array that never changes, and the line that makes it."""
    dtype = f"np.{array.dtype.name}"
    flat = array.ravel()
    if array.size and (flat == flat[0]).all():
        if flat[0] == 1:
            return "ones", f"{{name}} = np.ones({array.shape}, {dtype})"
        return "filled", f"{{name}} = np.full({array.shape}, {flat[0].item()!r}, {dtype})"
    if array.size == 0:
        return "nothing", f"{{name}} = np.empty({array.shape}, {dtype})"
    values = f"np.array({array.tolist()!r}, {dtype})"
    return "constant", f"{{name}} = {values}".replace("nan", "np.nan").replace("inf", "np.inf")
