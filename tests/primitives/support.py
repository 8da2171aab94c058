"""Writes docs/support.md from the records: `python -m tests.primitives.support`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import Parameter, signature
from pathlib import Path

from minigrad.primitive import Primitive
from minigrad.testing import OpRecord
from minigrad.testing.records import everything, sections
from tests.standard import page as standard

__all__ = ["page", "write"]

path = Path(__file__).parents[2] / "docs" / "support.md"

introduction = """\
# What is supported, and how it is tested

This page is made from the records of the operations (`python -m tests.primitives.support`), and
a test keeps it true. Each line is an operation. Its record (in `minigrad.testing.records`) draws
inputs of many shapes and memory layouts, and drives the tests of

- its value, against NumPy and PyTorch, also for arrays without elements;
- its gradient under random cotangents, against PyTorch and finite differences, as a linear map that
  is adjoint to the forward derivative;
- its second gradient, by the inputs and by the cotangent, against PyTorch and finite differences;
- its conduct: float32 stays float32 inside the rule, nothing is mutated, no memory is shared.

**Gradient**: *yes*; *0*, for functions that are constant between jumps; *none*, where the result is
integer or boolean, and so no part of any derivative; *error*, where the result depends on the input
in a way that has no derivative, and to ask for one is refused. **Complex**: whether derivatives
pass through [complex numbers](complex.md) too; where they don't, that is an error. **Keeps**: what
a recorded operation holds for its derivative, of arrays large enough to matter; everything else is
remembered as a shape and a dtype. **NumPy** and **strict** (array-api-strict, the standard and
nothing else) run every line in every run of the tests. **CuPy** runs the same lines on a machine
with a CUDA device; this page was made on one without. **Oracle**: PyTorch's function, where it has
one or one can be put together there.

The choices at kinks are listed one by one in [Subgradients](subgradients.md).
"""

heading = """\
| Operation | Gradient | Second | Complex | Keeps | NumPy | strict | CuPy | Oracle | At kinks |
|---|---|---|---|---|---|---|---|---|---|
"""


def keeps(primitive: Primitive) -> str:
    """The arrays that a node of the primitive holds, by the names that its rules give them."""
    rules = [rule for rule in (*primitive.rules, primitive.joint) if rule is not None]
    if primitive.residuals:
        return "inputs, output, statistics of its own"
    names = list(inputs_of(max(rules, key=lambda rule: len(signature(rule).parameters))))
    kept = [name for i, name in enumerate(names) if i not in primitive.reads.forms]
    return ", ".join([*kept, *(["output"] if primitive.reads.output else [])]) or "nothing"


def inputs_of(rule: Callable[..., object]) -> Iterator[str]:
    """The names of a rule's inputs: what it takes by position after `xp`, `g` and `y`."""
    for parameter in list(signature(rule).parameters.values())[3:]:
        if parameter.kind is not Parameter.KEYWORD_ONLY:
            yield parameter.name


def through_complex(record: OpRecord) -> bool:
    """Whether the record's derivatives pass through complex numbers."""
    listed = record in sections["Complex numbers"] or record in sections["Fourier transforms"]
    return listed or (record.primitive is not None and record.primitive.complex)


def line(record: OpRecord) -> str:
    gradient = "yes"
    if record.constant:
        gradient = "none"
    elif record.undefined:
        gradient = "error"
    elif record.kinks == "0 everywhere":
        gradient = "0"
    cells = [
        f"`{record.name}`",
        gradient,
        gradient,
        "yes" if through_complex(record) else "",
        ""
        if gradient in ("none", "error") or record.primitive is None
        else keeps(record.primitive),
        "tested",
        "tested",
        "not run here",
        "PyTorch" if record.oracle else "",
        record.kinks,
    ]
    return f"| {' | '.join(cells)} |\n".replace("  ", " ")


def page() -> str:
    """The whole page."""
    parts = [introduction]
    for title, records in sections.items():
        parts.append(f"\n## {title}\n\n{heading}{''.join(map(line, records))}")
    return "".join([*parts, standard.section(everything)])


def write() -> None:
    """Replace the page in docs/ by the one that the table gives."""
    path.write_text(page())


if __name__ == "__main__":
    write()
