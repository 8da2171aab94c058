"""The gradient of the gradient of every operation, by the inputs and by the cotangent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.budget import examples
from tests.support.derivatives import cotangent_for, gradients, inner, second_gradients
from tests.support.numeric import assert_is_derivative
from tests.support.oracle import needs_torch, torch_derivatives

from .row import Row
from .table import differentiable
from .test_gradients import Drawn

every_row = pytest.mark.parametrize("row", differentiable, ids=str)
rows_of_torch = pytest.mark.parametrize("row", [r for r in differentiable if r.torch], ids=str)


@rows_of_torch
@needs_torch
@examples(0.25)
@given(data=st.data())
def test_second_gradient_equals_pytorchs(row: Row, device: Any, data: Any) -> None:
    d = Drawn(data, row, device)
    directions = d.directions()
    f = row.torch_call(d.case.params)
    _, _, expected = torch_derivatives(f, d.inputs, d.wanted, d.u, directions)
    actual = second_gradients(d.f, d.inputs, d.wanted, d.u, directions, device)
    for name, a, e in zip([*d.wanted, "cotangent"], actual, expected, strict=True):
        d.close(a, e, f"second gradient by {name}", order=2)


@every_row
@examples(0.15)
@given(data=st.data())
def test_second_gradient_equals_finite_differences_of_the_first(
    row: Row, device: Any, data: Any
) -> None:
    d = Drawn(data, row, device)
    directions, moves = d.directions(), d.directions()
    u_moves = cotangent_for(d.u, d.rng)

    def slope(*xs_and_u: Any) -> Any:
        *xs, u = xs_and_u
        found = gradients(d.f, xs, d.wanted, u, device)
        return sum(inner(g, w) for g, w in zip(found, directions, strict=True))

    found = second_gradients(d.f, d.inputs, d.wanted, d.u, directions, device)
    change = sum(inner(s, v) for s, v in zip(found, [*moves, u_moves], strict=True))
    assert_is_derivative(
        change, slope, [*d.inputs, d.u], [*d.along(moves), u_moves], d.what,
        terms=d.case.terms + d.u.size,
    )  # fmt: skip
