"""The table of pitfalls in the docs is true: every row has a test, and each test is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

root = Path(__file__).parents[2]
table = (root / "docs" / "batch-norm-pitfalls.md").read_text()
rows = {int(n): rest for n, rest in re.findall(r"^\| B(\d+) (\|.*)\|$", table, re.MULTILINE)}

OPEN: set[int] = set()
"""The rows that are still to come. It only ever gets smaller."""


def test_the_table_has_the_36_rows_in_order() -> None:
    assert list(rows) == list(range(1, 37))
    assert all(row.count("|") == 3 for row in rows.values())


@pytest.mark.parametrize("n", sorted(rows))
def test_a_row_names_its_tests_and_they_exist_or_it_is_visibly_open(n: int) -> None:
    _, _, right, shown = rows[n].split("|")
    if n in OPEN:
        assert (right.strip(), shown.strip()) == ("", "open")
        return
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", shown)
    assert right.strip() and named
    assert re.sub(r"`[^`]*`", "", shown).strip() == ""
    for path, name in named:
        assert name.startswith(f"test_b{n:02}_")
        assert re.search(rf"^    def {name}\(|^def {name}\(", (root / path).read_text(), re.M), name


def test_every_test_that_is_named_after_a_row_has_one() -> None:
    found = [
        int(n)
        for path in (root / "tests").rglob("test_*.py")
        for n in re.findall(r"^def test_b(\d+)_", path.read_text(), re.M)
    ]
    assert set(found) <= set(rows)
