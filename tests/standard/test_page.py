"""The page about the standard counts what the tests check."""

from __future__ import annotations

import re
from pathlib import Path

from .derivatives import derivatives_of
from .reference import array_members, functions
from .special import cases, complex_table, numpy_differs, real_table
from .table import entries

page = (Path(__file__).parents[2] / "docs" / "standard.md").read_text()


def test_the_counts_on_the_page_are_those_of_the_tests() -> None:
    tables = [*real_table.values(), *complex_table.values()]
    pairs = sum(len(entry.dtypes) for entry in entries)
    assert f"{len(list(functions()))} functions, {len(array_members())} members" in page
    assert f"{pairs:,} pairs" in page
    assert f"{len(tables)} tables, {sum(len(list(cases(t))) for t in tables)} cases" in page


def test_the_page_lists_the_functions_that_numpy_gets_otherwise() -> None:
    for name in {name for name, _ in numpy_differs}:
        assert f"| `{name}` |" in page
    assert sum(name == "expm1" for name, _ in numpy_differs) == 6


def test_the_page_lists_the_functions_that_are_not_there_and_no_others() -> None:
    """When one has come, it has to go from the list."""
    listed = re.findall(r"`([\w.]+)`", page.partition("## What falls short")[2])
    missing = [repr(entry) for entry in entries if derivatives_of(entry).first == "missing"]
    assert sorted(listed) == sorted(missing)
