"""Dead code: what nothing that leaves the program depends on."""

from __future__ import annotations

from collections.abc import Iterable

from ..tape import Instruction, Value

__all__ = ["live_only"]


def live_only(instructions: list[Instruction], outputs: Iterable[Value]) -> list[Instruction]:
    """The instructions that lead to `outputs`, draws of random numbers, and checks."""
    live = set(outputs)
    memories = {value.root for value in live}
    found = []
    for instruction in reversed(instructions):
        wanted = instruction.kept or not live.isdisjoint(instruction.results)
        if wanted or not memories.isdisjoint(instruction.writes):
            found.append(instruction)
            live.update(instruction.operands)
            memories.update(value.root for value in instruction.operands)
    return found[::-1]
