"""The program as the source of a NumPy function, which is what runs."""

from __future__ import annotations

import keyword
import os
import re
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby

from .memory import as_call, donor, last_uses
from .passes.common import rewritten, written
from .tape import ATOM, Instruction, Tape, Value

__all__ = ["Namer", "source_of"]

WIDTH = 100
INLINE = 56
"""A result that is used once stands where it is used, unless it would be longer than this."""

DEPARTED = '''

class Departed(Exception):
    """A check does not hold: from here on the step would do something else."""

'''


class Namer:
    """Gives every value a name that no other has; some names are `taken` already."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken: set[str] = {"np", "Departed", *keyword.kwlist, *taken}

    def name(self, value: Value, wanted: str) -> None:
        """Call `value` something like `wanted`: a path, or the name of an operation."""
        plain = re.sub(r"\W+", "_", wanted).strip("_") or "value"
        if plain[0].isdigit():
            plain = f"value_{plain}"
        name, n = plain, 2
        while name in self.taken:
            name, n = f"{plain}_{n}", n + 1
        self.taken.add(name)
        value.name = name


def source_of(
    name: str,
    heading: str,
    tape: Tape,
    inputs: Sequence[Value],
    once: list[Instruction],
    instructions: list[Instruction],
    outputs: dict[str, list[Value]],
    namer: Namer,
) -> str:
    """The source of the function `name`: of `inputs`, by `instructions`, to `outputs` by kind.

    What `once` makes stands above the function.
    """
    above = [n.line for n in tape.named.values() if is_used(n.name, [*once, *instructions])]
    for instruction in once:
        for value in instruction.results:
            if not value.name:  # it has one where the program is written again
                noun = word(instruction.text) if "(" in instruction.text else "constant"
                namer.name(value, noun)
        above.append(statement(instruction, {}))
    above = [re.sub(r"import (\w+) as \1$", r"import \1", line) for line in above]
    imports = [line for line in above if line.startswith("from ")]
    lines = [f'"""{heading}"""', "", "import numpy as np", *([""] if imports else []), *imports]
    if any("raise Departed" in i.text for i in instructions):
        lines += DEPARTED.rstrip("\n").split("\n")
    rest = [line for line in above if line not in imports]
    lines += ["", *rest] if rest else []
    names = [value.name for value in inputs]
    lines += ["", "", *listed(f"def {name}(", names, "):")]
    leaving = {value for values in outputs.values() for value in values}
    lines += body(instructions, leaving, namer)
    lines += ["", "    return ("]
    for kind, values in outputs.items():
        lines.append(f"        # {kind}")
        lines += textwrap.wrap(
            ", ".join(value.name for value in values) + ",",
            WIDTH,
            initial_indent=" " * 8,
            subsequent_indent=" " * 8,
        )
    return "\n".join([*lines, "    )", ""])


def body(instructions: list[Instruction], leaving: set[Value], namer: Namer) -> list[str]:
    """The lines of the function: a comment for each origin, and its statements."""
    inlined = inlinable(instructions, leaving)
    ends = last_uses(instructions, inlined, leaving)
    texts: dict[Value, tuple[str, int]] = {}
    lines: list[str] = []
    part = ""
    for origin, group in groupby(instructions, key=lambda i: i.origin):
        found: list[str] = []
        for instruction in group:
            if instruction in inlined:
                texts[instruction.results[0]] = filled(instruction, texts), instruction.level
                continue
            for value in instruction.results:
                if not value.name:
                    namer.name(value, word_for(instruction))
            into = donor(instruction, ends.get(instruction, ()))
            found += statement(instruction, texts, into).split("\n")
            if instruction in ends:
                found.append(f"del {', '.join(value.name for value in ends[instruction])}")
        if not found:
            continue
        if origin.part != part:
            part = origin.part
            lines += [*([""] if lines else []), f"    # --- {part} ---"]
        where = os.path.basename(origin.line)
        lines.append(f"    # {origin.title}  ({where})" if origin.title else f"    # {where}")
        lines += [line for text in found for line in broken(f"    {text}")]
    return lines


def listed(before: str, names: list[str], after: str) -> list[str]:
    """Names between parentheses: in one line, or in as many as it takes."""
    line = before + ", ".join(names) + after
    if len(line) <= WIDTH:
        return [line]
    inside = textwrap.wrap(
        ", ".join(names) + ",", WIDTH, initial_indent="    ", subsequent_indent="    "
    )
    return [before, *inside, after]


def broken(line: str) -> list[str]:
    """A statement in lines that are not too long: the last call has a line an argument."""
    if len(line) <= WIDTH or not line.endswith(")"):
        return [line]
    depth, ends = 0, [len(line) - 1]
    for i in range(len(line) - 1, -1, -1):
        depth += (line[i] in ")]") - (line[i] in "([")
        if depth == 0:
            break
        if line[i] == "," and depth == 1:
            ends.append(i)
    if not (line[i - 1].isalnum() or line[i - 1] == "_"):
        return [line]  # no call, but an expression in parentheses
    indent = " " * (len(line) - len(line.lstrip()))
    parts = [line[a + 1 : b].strip() for a, b in zip([i, *ends[:0:-1]], ends[::-1], strict=True)]
    return [line[: i + 1], *[f"{indent}    {part}," for part in parts], f"{indent})"]


def is_used(name: str, instructions: list[Instruction]) -> bool:
    pattern = re.compile(rf"\b{name}\b")
    return any(pattern.search(instruction.text) for instruction in instructions)


def filled(instruction: Instruction, texts: dict[Value, tuple[str, int]]) -> str:
    """The text of an instruction with its holes filled, parentheses only where they are needed."""
    parts = []
    for value, need in zip(instruction.operands, instruction.needs, strict=True):
        text, level = texts.get(value, (value.name, ATOM))
        parts.append(text if level >= need else f"({text})")
    return instruction.text.format(*parts)


def statement(
    instruction: Instruction, texts: dict[Value, tuple[str, int]], into: Value | None = None
) -> str:
    text = filled(instruction, texts) if into is None else written_into(instruction, texts, into)
    if not instruction.results:
        return text
    names = ", ".join(value.name for value in instruction.results)
    comma = "," if instruction.several and len(instruction.results) == 1 else ""
    return f"{names}{comma} = {text}"


def written_into(instruction: Instruction, texts: dict[Value, tuple[str, int]], into: Value) -> str:
    """An elementwise instruction whose result takes the memory of `into`."""
    parts = [texts.get(value, (value.name, ATOM))[0] for value in instruction.operands]
    call = as_call(instruction.text) or ""
    return f"{call[:-1].format(*parts)}, out={into.name})"


def inlinable(instructions: list[Instruction], leaving: set[Value]) -> set[Instruction]:
    """Those whose result is used once, in the same group, and is the same wherever it is computed.

    What is written to is not.
    """
    uses: dict[Value, list[Instruction]] = {}
    for instruction in instructions:
        for value in instruction.operands:
            uses.setdefault(value, []).append(instruction)
    made_in_place, changed = written(instructions), rewritten(instructions)
    lengths: dict[Value, int] = {}
    found = set()
    for instruction in instructions:
        if len(instruction.results) != 1 or instruction.kept or instruction.several:
            continue
        value = instruction.results[0]
        read = {v.root for v in instruction.operands}
        timely = value.root in made_in_place or not changed.isdisjoint(read)
        length = len(instruction.text) + sum(lengths.get(v, 12) for v in instruction.operands)
        users = uses.get(value, [])
        if len(users) != 1 or value in leaving or timely:
            continue
        if users[0].origin == instruction.origin and length <= INLINE:
            found.add(instruction)
            lengths[value] = length
    return found


OPERATORS = {"*": "product", "+": "sum", "-": "difference", "/": "ratio", "**": "power"}


def word_for(instruction: Instruction) -> str:
    """What to call the result of an instruction: as its code does, or after the operation."""
    if instruction.name:
        return instruction.name
    origin = instruction.origin
    operation = origin.title.rpartition(": ")[2].removeprefix("gradient of ")
    if origin.part == "update" or not operation:
        return word(instruction.text)
    return f"grad_{operation}" if origin.part == "backward" else operation


def word(text: str) -> str:
    """A noun for what an expression is."""
    symbol = re.search(r"(?:\{\}|[\w.]+) (\*\*|[-+*/]) ", text)
    if symbol:
        return OPERATORS[symbol[1]]
    called = re.search(r"(\w+)\(", text)
    return called[1] if called else "part"
