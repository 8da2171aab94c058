"""Common subexpressions: what was computed before is not computed again."""

from __future__ import annotations

from collections.abc import Iterable

from ..tape import Instruction, Value

__all__ = ["common_subexpressions", "rewritten", "written"]


def common_subexpressions(
    instructions: list[Instruction], outputs: Iterable[Value]
) -> list[Instruction]:
    """The instructions less those that repeat one with the same text and the same values.

    Draws repeat nothing, nor does what is written to; and each array that leaves the program stays
    one of its own.
    """
    made_in_place, changed = written(instructions), rewritten(instructions)
    leaving = {value.root for value in outputs}
    first: dict[tuple[str, tuple[Value, ...]], Instruction] = {}
    same: dict[Value, Value] = {}
    found = []
    for instruction in instructions:
        instruction.operands = tuple([same.get(v, v) for v in instruction.operands])
        made = {value.root for value in instruction.results}
        read = {value.root for value in instruction.operands}
        draws = instruction.kept and made
        alone = draws or instruction.writes or not changed.isdisjoint(read)
        if not alone and (made <= read or made_in_place.isdisjoint(made)):
            known = first.setdefault((instruction.text, instruction.operands), instruction)
            if known is not instruction and leaving.isdisjoint(made):
                for value, twin in zip(instruction.results, known.results, strict=True):
                    same[value] = value.memory = twin
                continue
        found.append(instruction)
    return found


def written(instructions: list[Instruction]) -> set[Value]:
    """The memories that instructions change after they were made."""
    return {value.root for instruction in instructions for value in instruction.writes}


def rewritten(instructions: list[Instruction]) -> set[Value]:
    """Those that are changed after they were read, so that it matters when they are read."""
    read: set[Value] = set()
    found: set[Value] = set()
    for instruction in instructions:
        targets = {value.root for value in instruction.writes}
        found |= targets & read
        # What is written through a part is not read by taking the part.
        taken = instruction.text.startswith("{}[")
        views = {value.root for value in instruction.results if taken}
        read |= {value.root for value in instruction.operands} - targets - views
    return found
