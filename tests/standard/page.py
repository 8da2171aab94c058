"""The lines of docs/support.md about the standard, function by function."""

from __future__ import annotations

import numpy as np

from minigrad.testing.record import OpRecord

from .derivatives import derivatives_of
from .entry import Entry
from .reference import functions
from .table import entries, inspecting

__all__ = ["section"]

introduction = """
## The standard, function by function

{functions} functions of the array API standard 2024.12 compute arrays, here tested on {pairs} pairs
of a function and a dtype, on each device; {inspecting} more inspect dtypes and devices. **Takes**:
the dtypes that the standard asks for. What conformance means and how it is tested is told in
[The standard](standard.md). The columns are explained above.

| Function | Takes | Gradient | Second | NumPy | strict | CuPy | At kinks |
|---|---|---|---|---|---|---|---|
"""

names = {
    "biufc": "all", "iufc": "numeric", "iuf": "real", "fc": "floating and complex",
    "f": "real floating", "c": "complex", "b": "bool", "iu": "integer", "biu": "integer and bool",
}  # fmt: skip


def taken(entry: Entry) -> str:
    """The dtypes that a function takes, in a word."""
    kinds = {np.dtype(name).kind for name in entry.dtypes}
    return names["".join(kind for kind in "biufc" if kind in kinds)]


def line(entry: Entry, kinks: str) -> str:
    first, second = derivatives_of(entry)
    cells = [f"`{entry!r}`", taken(entry), first, second, "tested", "tested", "not run here", kinks]
    return f"| {' | '.join(cells)} |\n".replace("  ", " ")


def section(rows: list[OpRecord]) -> str:
    """A line for every function of the standard; what happens at kinks is read from the rows."""
    kinks = {row.name: row.kinks for row in rows}
    ordered = sorted(entries, key=lambda entry: (entry.place != "main", repr(entry)))
    lines = [line(entry, kinks.get(entry.name, "")) for entry in ordered]
    return introduction.format(
        functions=len(list(functions())) - len(inspecting),
        pairs=sum(len(entry.dtypes) for entry in entries),
        inspecting=len(inspecting),
    ) + "".join(lines)
