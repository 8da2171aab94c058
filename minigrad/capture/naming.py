"""What is a value called where it was computed? The name that a line of Python gives it.

A rule says `centred = x - mean`, and the program should say so too. The stack is read outward: a
line that stores the result has the name, one that returns it hands the question on to its caller.
"""

from __future__ import annotations

from bisect import bisect_right
from dis import get_instructions
from functools import cache
from types import CodeType
from typing import Any

__all__ = ["local_name"]

STORES = ("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF")

NO_NAMES = {"found", "gradient", "gradients", "input", "new", "output", "result", "total", "value"}
"""Names that say as little as a single letter."""


def local_name(frame: Any, applied: set[CodeType], own: str) -> str:
    """The name of what is being computed; empty if it has none, or a name that says nothing.

    `applied` are the functions that run an operation, whose caller receives what they compute;
    files under `own` are the tape's.
    """
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(own) and code not in applied:
            name = stored(code, frame.f_lasti)
            if name is None:
                return ""
            if name:
                return "" if len(name) < 3 or name in NO_NAMES else name
        frame = frame.f_back
    return ""


def stored(code: CodeType, instruction: int) -> str | None:
    """The name under which a result is stored; empty if it is returned, None if it is neither."""
    offsets, names = stores(code)
    # Within a call, what is noted may be the end of the instruction.
    return names[bisect_right(offsets, instruction) - 1]


@cache
def stores(code: CodeType) -> tuple[list[int], list[str | None]]:
    """Where each instruction of a code begins, and what happens to its result."""
    instructions = list(get_instructions(code))
    names: list[str | None] = []
    for after in instructions[1:]:
        name = None
        if after.opname.startswith(STORES):
            name = after.argval if isinstance(after.argval, str) else after.argval[0]
        elif after.opname == "RETURN_VALUE":
            name = ""
        names.append(name)
    return [each.offset for each in instructions], [*names, None]
