"""docs/neighbours.md says what the table says."""

from __future__ import annotations

from .page import page, refusals_listed, table_of_working
from .table import refused


def test_the_page_lists_the_functions_that_work() -> None:
    assert table_of_working() in page.read_text(), "python -m tests.neighbours.page prints it"


def test_the_page_lists_the_functions_that_do_not() -> None:
    assert sorted(refusals_listed()) == sorted(row.name for row in refused)
