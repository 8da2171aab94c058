"""Proving derivatives: checks, strategies for Hypothesis, oracles, and a plugin for pytest.

    from hypothesis import given
    from minigrad.testing import check_grads
    from minigrad.testing import strategies as mst

    @given(x=mst.arrays())
    def test_my_operation_has_the_right_derivatives(x):
        check_grads(my_operation, x)

It needs Hypothesis and pytest, which the extra `testing` installs, and uses PyTorch, SciPy and
mpmath where they are installed. Nothing that ships in a net imports it.
"""

from typing import TYPE_CHECKING, Any

from . import strategies
from .check_grads import check_adjoint, check_grads
from .conduct import (
    ErrorCase,
    check_accumulation,
    check_checkpoint,
    check_conduct,
    check_determinism,
    check_errors,
    check_form,
    check_layouts,
    check_no_leak,
    check_state_round_trip,
    check_unmutated,
)
from .domain import Domain
from .failure import CheckFailure
from .layout import lay_out
from .numeric import assert_is_derivative, complex_step, directional, full_jacobian
from .record import Case, OpRecord
from .tolerance import Tolerance, assert_close, assert_within, ulp_difference
from .verdict import Verdict, compare

if TYPE_CHECKING:
    from .suite import op_tests

__all__ = [
    "Case",
    "CheckFailure",
    "Domain",
    "ErrorCase",
    "OpRecord",
    "Tolerance",
    "Verdict",
    "assert_close",
    "assert_is_derivative",
    "assert_within",
    "check_accumulation",
    "check_checkpoint",
    "check_adjoint",
    "check_conduct",
    "check_determinism",
    "check_errors",
    "check_form",
    "check_grads",
    "check_layouts",
    "check_no_leak",
    "check_state_round_trip",
    "check_unmutated",
    "compare",
    "complex_step",
    "directional",
    "full_jacobian",
    "lay_out",
    "op_tests",
    "strategies",
    "ulp_difference",
]


def __getattr__(name: str) -> Any:
    """`op_tests` carries a mark of the plugin, which has to be loaded before it is imported."""
    if name == "op_tests":
        from .suite import op_tests

        return op_tests
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
