"""What does a rule read? So that what it does not read need not be kept.

A rule is inspected, once, when its primitive is first recorded: an argument that its code never
loads, or of which it loads only `shape`, `ndim` or `dtype`, costs no memory.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, NamedTuple

__all__ = ["Reads", "reads"]

FORM = ("shape", "ndim", "dtype")
VARIADIC = 0x04  # inspect.CO_VARARGS


class Reads(NamedTuple):
    """Whether the rules of a primitive read its output, and of which inputs only the form."""

    output: bool
    forms: Sequence[int]


def reads(rules: Sequence[Callable[..., Any]]) -> Reads:
    """What `rules`, each `(xp, g, y, *inputs, **params)`, read of the output and the inputs."""
    output = False
    read: set[int] = set()
    arity = 0
    for rule in rules:
        if not isinstance(rule, FunctionType) or rule.__code__.co_argcount < 3:
            return Reads(True, ())
        code = rule.__code__
        _, _, y, *inputs = code.co_varnames[: code.co_argcount]
        loaded = loaded_values(rule)
        output = output or y in loaded
        read.update(i for i, name in enumerate(inputs) if name in loaded)
        arity = max(arity, len(inputs))
        if code.co_flags & VARIADIC:
            rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
            if rest not in loaded:  # forms from the last input that is read, to any number
                return Reads(output, range(max(read, default=-1) + 1, sys.maxsize))
    return Reads(output, tuple(i for i in range(arity) if i not in read))


def loaded_values(function: Callable[..., Any]) -> set[str]:
    """The local names of which the function uses more than the form."""
    from dis import get_instructions

    loaded = set(function.__code__.co_cellvars)
    instructions = list(get_instructions(function))
    for here, after in zip(instructions, [*instructions[1:], None], strict=True):
        if "LOAD_FAST" not in here.opname:
            continue
        names = here.argval if isinstance(here.argval, tuple) else (here.argval,)
        form_only = after is not None and after.opname == "LOAD_ATTR" and after.argval in FORM
        loaded.update(names[:-1] if form_only else names)
    return loaded
