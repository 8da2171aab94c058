"""The array of capture's backend: a NumPy array, and its place on the tape.

It speaks NumPy's two protocols, `__array_ufunc__` and `__array_function__`: whatever is called on
it, NumPy's own function runs on the real array, and the call is written down. So the functions of
the NumPy backend run on it as they stand. What a value is can't be asked for: a program has no
branches.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..where import is_ours
from .errors import refusal
from .functions import BY_VALUE, IN_PLACE, METHODS, STATIC, VIEWING, VIEWS
from .operators import Operators, check
from .tape import ATOM, OnTape, Tape, Value, active
from .writing import BINARY, COMPARISONS, SYMBOLS, UNARY, Phrase, name_of

__all__ = ["Recorded", "Scalar", "asked", "call", "made", "operate", "real_of", "truth", "wrap"]


class Recorded(Operators):
    """An array of a step that is being captured."""

    __slots__ = ()

    # --- what is known of it without its values --------------------------------------------------

    shape = property(lambda self: self.real.shape)
    dtype = property(lambda self: self.real.dtype)
    ndim = property(lambda self: self.real.ndim)
    size = property(lambda self: self.real.size)
    strides = property(lambda self: self.real.strides)
    itemsize = property(lambda self: self.real.itemsize)
    nbytes = property(lambda self: self.real.nbytes)
    device = property(lambda self: self.real.device)
    flags = property(lambda self: self.real.flags)
    base = property(lambda self: self.real.base)

    def __len__(self) -> int:
        return len(self.real)

    # --- NumPy's protocols ------------------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        options = {k: v for k, v in kwargs.items() if not (k == "dtype" and v is None)}
        if options.get("keepdims") is False:
            del options["keepdims"]
        arrays = any(isinstance(real_of(x), np.ndarray) for x in inputs)
        if function in SYMBOLS and out is None and not options and arrays:
            return operate(SYMBOLS[function], *inputs)
        if method == "at":
            return write(f"{name_of(function)}({{}})", function, inputs[0], inputs)
        if out is not None and isinstance(out[0], Recorded):
            return write(f"{name_of(function)}({{}})", function, out[0], (*inputs, *out), options)
        return call(function, inputs, options, out=None if out is None else out[0])

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if function in STATIC:
            return function(*real_of(args), **real_of(kwargs))
        if function in BY_VALUE:
            raise refusal(
                f"the shape of np.{function.__name__} depends on values",
                "a program has fixed shapes: use a mask and mg.where(mask, x, 0)",
            )
        return call(function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return Method(self, name)
        if name in ("T", "mT", "real", "imag"):
            phrase = Phrase(self.tape)
            text = f"{phrase.of(self, ATOM)}.{name}"
            return made(phrase, text, ATOM, getattr(self.real, name), view=True)
        if name in ("item", "tolist", "tobytes", "tofile", "dumps", "data", "ctypes"):
            raise asked(f".{name}")
        raise AttributeError(f"an array of a step that is being captured has no {name!r}")

    # --- operators --------------------------------------------------------------------------------

    def unary(self, symbol: str) -> Any:
        phrase = Phrase(self.tape)
        return made(phrase, *phrase.sign(symbol, self), UNARY[symbol](self.real))

    def binary(self, symbol: str, a: Any, b: Any) -> Any:
        other = b if a is self else a
        if isinstance(other, list) or hasattr(other, "__array_namespace__"):
            return NotImplemented
        return operate(symbol, a, b)

    def augmented(self, symbol: str, other: Any) -> Any:
        if not isinstance(self.real, np.ndarray):  # a scalar is replaced, not changed
            return NotImplemented
        root = writable(self)
        IN_PLACE[symbol](self.real, real_of(other))
        phrase = Phrase(self.tape)
        text = f"{phrase.of(self, ATOM)} {symbol}= {phrase.of(other)}"
        self.tape.add(text, phrase.operands, phrase.needs, 0).writes = (root,)
        return self

    # --- parts ------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        for entry in key if isinstance(key, tuple) else (key,):
            if getattr(entry, "dtype", None) == np.dtype(bool):
                raise refusal(
                    "the shape of x[mask] depends on values",
                    "a program has fixed shapes: use mg.where(mask, x, 0)",
                )
        phrase = Phrase(self.tape)
        text = f"{phrase.of(self, ATOM)}[{phrase.key(key)}]"
        return made(phrase, text, ATOM, self.real[real_of(key)], view=True)

    def __setitem__(self, key: Any, value: Any) -> None:
        last = self.tape.instructions[-1]
        if isinstance(value, Recorded) and last.writes and last.operands[0] is value.value:
            return  # the end of x[key] += v, whose view has been changed already
        root = writable(self)
        self.real[real_of(key)] = real_of(value)
        phrase = Phrase(self.tape)
        text = f"{phrase.of(self, ATOM)}[{phrase.key(key)}] = {phrase.of(value)}"
        self.tape.add(text, phrase.operands, phrase.needs, 0).writes = (root,)

    # --- values, which are not to be had ----------------------------------------------------------

    def __bool__(self) -> bool:
        return truth(self, sys._getframe(1))

    def __float__(self) -> float:
        raise asked("float(x)")

    def __int__(self) -> int:
        raise asked("int(x)")

    def __index__(self) -> int:
        raise asked("an index")

    def __complex__(self) -> complex:
        raise asked("complex(x)")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise asked("np.asarray(x)")

    def __iter__(self) -> Any:
        return iter([self[i] for i in range(len(self.real))])

    def __contains__(self, x: Any) -> bool:
        raise asked("x in array")

    def __repr__(self) -> str:
        return f"<an array of a step that is being captured: {self.shape} {self.dtype}>"


class Scalar(Recorded):
    """NumPy's scalar, as its arithmetic makes one of arrays without axes."""

    __slots__ = ()


class Method:
    """A method of an array, about to be called."""

    def __init__(self, x: Recorded, name: str) -> None:
        self.x = x
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        x = self.x
        result = getattr(x.real, self.name)(*real_of(args), **real_of(kwargs))
        if result is x.real:
            return x
        phrase = Phrase(x.tape)
        text = f"{phrase.of(x, ATOM)}.{self.name}({phrase.arguments(args, kwargs)})"
        return made(phrase, text, ATOM, result, view=self.name in VIEWING)


def real_of(x: Any) -> Any:
    """x with what is on a tape replaced by its value now."""
    if isinstance(x, OnTape):
        return x.real
    kind = type(x)
    if kind in (list, tuple):
        return kind([real_of(part) for part in x])
    if kind is dict:
        return {key: real_of(part) for key, part in x.items()}
    return x


def tape_of(x: Any) -> Tape | None:
    """The tape of the first value in x that is on one."""
    if isinstance(x, OnTape):
        return x.tape
    for part in x if type(x) in (list, tuple) else x.values() if type(x) is dict else ():
        if tape_of(part) is not None:
            return tape_of(part)
    return None


def wrap(real: Any, tape: Tape, value: Value | None = None) -> Recorded:
    """A value of the tape, a new one unless it is given."""
    kind = Recorded if isinstance(real, np.ndarray) else Scalar
    return kind(real, value or Value(real), tape)


def made(
    phrase: Phrase, text: str, level: int, result: Any, view: bool = False, kept: bool = False
) -> Any:
    """The result of a call that ran, written down."""
    tape = phrase.tape
    if active.get() is not tape:
        raise refusal(
            "an array of a captured step is used after it has ended",
            "return what is wanted of a step, do not keep it elsewhere",
        )
    several = isinstance(result, tuple | list)
    reals = result if several else [result]
    if not all(isinstance(real, np.ndarray | np.generic | None) for real in reals):
        raise asked("a function that looks at values")
    wrapped = [wrap(real, tape) for real in reals]
    for x in wrapped:
        for operand, real in zip(phrase.operands, phrase.reals, strict=True):
            shares = isinstance(real, np.ndarray) and isinstance(x.real, np.ndarray)
            if view or (shares and np.may_share_memory(x.real, real)):
                x.value.memory = operand.root
                break
    values = tuple([x.value for x in wrapped])
    instruction = tape.add(text, phrase.operands, phrase.needs, level, values)
    instruction.several, instruction.kept = several, kept
    if not several:
        return wrapped[0]
    found = [None if x.real is None else x for x in wrapped]
    return type(result)(*found) if hasattr(result, "_fields") else type(result)(found)


def call(function: Callable[..., Any], args: Any, kwargs: dict[str, Any], out: Any = None) -> Any:
    """Call a function of NumPy's on the real arrays, and write it down.

    `out` is a raw array that the backend has just made; a program makes one at each call.
    """
    tape = tape_of(args) or tape_of(kwargs)
    assert tape is not None
    name = name_of(function)
    if name is None:
        raise refusal(f"{function!r} is no function of NumPy's", "write the step with minigrad's")
    into = {} if out is None else {"out": out}
    result = function(*real_of(args), **real_of(kwargs), **into)
    phrase = Phrase(tape)
    arguments = phrase.arguments(args, kwargs)
    if out is not None:
        arguments += f", out=np.empty({out.shape}, {phrase.literal(out.dtype)})"
    return made(phrase, f"{name}({arguments})", ATOM, result, view=function in VIEWS)


def operate(symbol: str, a: Any, b: Any) -> Any:
    """`a symbol b`."""
    tape = tape_of([a, b])
    assert tape is not None
    function = COMPARISONS[symbol] if symbol in COMPARISONS else BINARY[symbol][0]
    result = function(real_of(a), real_of(b))
    phrase = Phrase(tape)
    text, level = phrase.operator(symbol, a, b)
    return made(phrase, text, level, result)


def write(text: str, function: Any, into: Recorded, args: Any, options: Any = None) -> Recorded:
    """A call that changes the memory of `into`, which it returns."""
    root = writable(into)
    function(*real_of(args), **real_of(options or {}))
    phrase = Phrase(into.tape)
    filled = text.format(phrase.arguments(args, options or {}))
    into.tape.add(filled, phrase.operands, phrase.needs, 0).writes = (root,)
    return into


def writable(x: Recorded) -> Value:
    """The memory that a statement is about to change: the step itself has to have made it."""
    if x.value.root.maker is None:
        raise refusal(
            "an array that the step was given is written to in place",
            "values never change: bind a new one, as in `p.data = p.data - lr * g`",
        )
    return x.value.root


def truth(x: Recorded, frame: Any) -> bool:
    """The truth of a value: a check of minigrad's own becomes one of the program's."""
    if not is_ours[frame.f_code.co_filename] or x.size != 1:
        raise asked("the truth of a value (`if`, `while`, `and`, bool)")
    return check(x, frame)


def asked(what: str) -> Exception:
    """The error for a step that asks what a value is."""
    return refusal(
        f"{what} asks for a value",
        "a program computes, and has no branches: use mg.where(condition, a, b), return the value "
        "and look at it outside, or hand a Python value in as an argument, which captures anew",
    )
