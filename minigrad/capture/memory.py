"""Memory: large arrays are let go when they are not needed, or handed on to the next result.

An elementwise call may write into an operand that nobody needs after it, which saves the memory of
a new array, and the time to touch it. What leaves the program is always new, and so is what it
keeps for nobody: two threads that run one program share nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .tape import Instruction, Value

__all__ = ["as_call", "donor", "last_uses"]

LARGE = 1 << 16
"""Below so many bytes, allocation costs less than the care."""

CALLS = {"+": "np.add", "-": "np.subtract", "*": "np.multiply", "/": "np.true_divide"}


def last_uses(
    instructions: list[Instruction], inlined: set[Instruction], leaving: set[Value]
) -> dict[Instruction, list[Value]]:
    """The values whose memory is large and not needed after an instruction, which lets them go."""
    held: dict[Value, list[Value]] = {}
    last: dict[Value, Instruction] = {}
    used: dict[Value, tuple[Value, ...]] = {}
    for instruction in instructions:
        reads = [v for value in instruction.operands for v in used.get(value, (value,))]
        if instruction in inlined:
            used[instruction.results[0]] = tuple(reads)
            continue
        for value in instruction.results:
            held.setdefault(value.root, []).append(value)
        for value in (*reads, *instruction.results):
            last[value.root] = instruction
    kept = {value.root for value in leaving}
    ends: dict[Instruction, list[Value]] = {}
    for memory, values in held.items():
        if memory.nbytes >= LARGE and memory.maker is not None and memory not in kept:
            ends.setdefault(last[memory], []).extend(values)
    return ends


def donor(instruction: Instruction, ending: Sequence[Value]) -> Value | None:
    """One of the values that end with an instruction whose memory its result can take."""
    if len(instruction.results) != 1 or as_call(instruction.text) is None:
        return None
    (result,) = instruction.results
    for value in ending:
        maker = value.maker
        if maker is None or maker is instruction or as_call(maker.text) is None:
            continue
        alike = value.shape == result.shape and value.dtype == result.dtype
        if alike and value.contiguous and result.contiguous:
            return value
    return None


def as_call(text: str) -> str | None:
    """An elementwise operator, or function of NumPy's, as a call that takes `out`; or None."""
    found = re.fullmatch(r"(\{\}|[\w.]+) ([-+*/]) (\{\}|[\w.]+)", text)
    if found:
        return f"{CALLS[found[2]]}({found[1]}, {found[3]})"
    found = re.fullmatch(r"np\.(\w+)\([^=()\[\]]*\)", text)
    return text if found and isinstance(getattr(np, found[1]), np.ufunc) else None
