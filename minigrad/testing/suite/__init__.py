"""The whole suite of tests for operations, from a record of each.

    from minigrad.testing import OpRecord, op_tests

    TestMyOperations = op_tests([OpRecord("softsign", softsign, ...)])

A record drives the tests of value, gradient, second gradient, conduct and errors, on every backend
that pytest is told to use; the plugin `minigrad.testing.plugin` has to be loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..budget import examples
from ..record import OpRecord
from .checks import Check
from .conduct import checks as conduct_checks
from .errors import checks as error_checks
from .gradients import checks as gradient_checks
from .kernels import checks as kernel_checks
from .second_gradients import checks as second_gradient_checks
from .values import checks as value_checks

__all__ = ["op_tests"]

every_check: list[Check] = [
    *value_checks,
    *gradient_checks,
    *second_gradient_checks,
    *conduct_checks,
    *error_checks,
    *kernel_checks,
]


def op_tests(records: Sequence[OpRecord]) -> type:
    """A class of tests for pytest to collect: every check, for every record that it applies to.

    Assign it to a name that begins with `Test`. Raises ValueError for no records, and for two of
    one name: nothing, or not all, would be tested.
    """
    names = [record.name for record in records]
    if not names:
        raise ValueError("op_tests: no records, so nothing would be tested")
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"op_tests: there is more than one record of {twice}")
    tests = {}
    for check in every_check:
        chosen = [record for record in records if check.applies(record)]
        if chosen:
            tests[f"test_{check.run.__name__}"] = test_of(check, chosen)
    return type("OpTests", (), tests)


def test_of(check: Check, records: list[OpRecord]) -> Callable[..., None]:
    """The test of one check: a method, parametrised by record, that Hypothesis drives."""

    def test(self: object, record: OpRecord, minigrad_device: Any, data: Any) -> None:
        check.run(record, minigrad_device, data)

    test.__name__ = f"test_{check.run.__name__}"
    test.__qualname__ = f"OpTests.{test.__name__}"
    test.__doc__ = check.run.__doc__
    driven: Any = examples(check.share)(given(data=st.data())(test))
    for mark in (*check.marks, pytest.mark.parametrize("record", records, ids=str)):
        driven = mark(driven)
    return driven


test_of.__test__ = False  # type: ignore[attr-defined]
