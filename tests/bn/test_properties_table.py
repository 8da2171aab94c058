"""The table of properties in the docs is true: each names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

root = Path(__file__).parents[2]
page = (root / "docs" / "batch-norm-pitfalls.md").read_text()
rows = {int(n): rest for n, rest in re.findall(r"^\| P(\d+) \| (.*) \|$", page, re.MULTILINE)}

OPEN = {13}
"""The properties that are still to be shown. It only ever gets smaller."""


def test_the_table_has_the_19_properties_in_order() -> None:
    assert list(rows) == list(range(1, 20))


@pytest.mark.parametrize("n", sorted(rows))
def test_a_property_names_its_tests_and_they_exist_or_it_is_visibly_open(n: int) -> None:
    _, _, shown = rows[n].rpartition(" | ")
    if n in OPEN:
        assert shown == "open"
        return
    named = re.findall(r"`(tests/bn/\w+\.py)::(\w+)`", shown)
    assert named and re.sub(r"`[^`]*`", "", shown).strip() == ""
    for path, name in named:
        assert re.search(rf"^def {name}\(", (root / path).read_text(), re.MULTILINE), name
