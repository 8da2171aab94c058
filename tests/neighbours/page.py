"""The tables of docs/neighbours.md: `python -m tests.neighbours.page` prints the first one."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from .table import working

__all__ = ["page", "refusals_listed", "table_of_working"]

page = Path(__file__).parents[2] / "docs" / "neighbours.md"


def table_of_working() -> str:
    """A line for each module, with the functions of it that are in the table."""
    modules: dict[str, list[str]] = defaultdict(list)
    for row in working:
        module, _, function = row.name.rpartition(".")
        modules[module].append(f"`{function}`")
    return "\n".join(f"| `{m}` | {', '.join(sorted(names))} |" for m, names in modules.items())


def refusals_listed() -> list[str]:
    """The functions that the page says can't be differentiated."""
    section = page.read_text().partition("## What does not work")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE)


if __name__ == "__main__":
    print(table_of_working())
