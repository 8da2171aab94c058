"""Common subexpressions: what was computed before is not computed again."""

from __future__ import annotations

from collections.abc import Iterable

from ..tape import Instruction, Value

__all__ = ["common_subexpressions", "written"]


def common_subexpressions(
    instructions: list[Instruction], outputs: Iterable[Value]
) -> list[Instruction]:
    """The instructions less those that repeat one with the same text and the same values.

    Draws repeat nothing, nor does what is written to; and each array that leaves the program stays
    one of its own.
    """
    changed = written(instructions)
    leaving = {value.root for value in outputs}
    first: dict[tuple[str, tuple[Value, ...]], Instruction] = {}
    same: dict[Value, Value] = {}
    found = []
    for instruction in instructions:
        instruction.operands = tuple([same.get(v, v) for v in instruction.operands])
        made = {value.root for value in instruction.results}
        read = {value.root for value in instruction.operands}
        draws = instruction.kept and made
        if not (draws or instruction.writes) and changed.isdisjoint(made | read):
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
