"""Constants: what depends on nothing is made once, when the program is loaded."""

from __future__ import annotations

from collections.abc import Iterable

from ..tape import Instruction, Value
from .common import written

__all__ = ["constants"]


def constants(
    instructions: list[Instruction], outputs: Iterable[Value]
) -> tuple[list[Instruction], list[Instruction]]:
    """Those that make constants, and the rest."""
    apart = written(instructions) | {value.root for value in outputs}
    known: set[Value] = set()
    once, rest = [], []
    for instruction in instructions:
        depends = not known.issuperset(instruction.operands)
        touched = {value.root for value in instruction.results}
        if depends or instruction.kept or instruction.writes or not touched.isdisjoint(apart):
            rest.append(instruction)
        else:
            known.update(instruction.results)
            once.append(instruction)
    return once, rest
