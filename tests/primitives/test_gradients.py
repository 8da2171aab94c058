"""The first derivative of every operation: PyTorch's, finite differences, and its own laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.support.arrays import lay_out, layouts, seeds
from tests.support.budget import examples
from tests.support.derivatives import cotangent_for, gradients, inner, to_numpy, value
from tests.support.numeric import assert_is_derivative, full_jacobian
from tests.support.oracle import needs_torch, torch_derivatives
from tests.support.tolerance import assert_close, assert_within, largest

from .row import Case, Row
from .table import differentiable

every_row = pytest.mark.parametrize("row", differentiable, ids=str)
rows_of_torch = pytest.mark.parametrize("row", [r for r in differentiable if r.torch], ids=str)


class Drawn:
    """A call to differentiate: its function, wanted inputs, value, and a random cotangent."""

    def __init__(self, data: Any, row: Row, device: Any) -> None:
        self.case: Case = data.draw(row.draw())
        self.rng = np.random.default_rng(data.draw(seeds))
        self.f = lambda *xs: row.call(*xs, **self.case.params)
        self.inputs = list(self.case.inputs)
        self.wanted = row.wanted(self.case)
        self.y = value(self.f, self.inputs, device)
        self.u = cotangent_for(self.y, self.rng)
        self.condition = row.condition
        self.what = f"{row}{self.case.params}"

    def directions(self) -> list[Any]:
        return [cotangent_for(self.inputs[i], self.rng) for i in self.wanted]

    def along(self, directions: list[Any]) -> list[Any]:
        """A direction for every input: zero for those without a derivative."""
        moved = dict(zip(self.wanted, directions, strict=True))
        return [moved[i] if i in moved else np.zeros_like(x) for i, x in enumerate(self.inputs)]

    def close(self, actual: Any, expected: Any, what: str, order: int = 1) -> None:
        """Equal up to rounding, in a derivative of that order."""
        magnitude = largest(*self.inputs, self.y) * largest(self.u) * largest(expected)
        magnitude *= self.condition ** (order + 1)
        what = f"{self.what}: {what}"
        assert_close(actual, expected, what, terms=self.case.terms, magnitude=magnitude)


@rows_of_torch
@needs_torch
@examples(0.3)
@given(data=st.data())
def test_gradient_equals_pytorchs(row: Row, device: Any, data: Any) -> None:
    d = Drawn(data, row, device)
    _, expected, _ = torch_derivatives(row.torch_call(d.case.params), d.inputs, d.wanted, d.u)
    for i, g, e in zip(
        d.wanted, gradients(d.f, d.inputs, d.wanted, d.u, device), expected, strict=True
    ):
        d.close(g, e, f"gradient of input {i} against PyTorch")


@every_row
@examples(0.2)
@given(data=st.data())
def test_gradient_equals_finite_differences(row: Row, device: Any, data: Any) -> None:
    """Along a random direction; entry by entry, where the Jacobian is small."""
    d = Drawn(data, row, device)
    found = gradients(d.f, d.inputs, d.wanted, d.u, device)
    directions = d.directions()
    slope = sum(inner(g, v) for g, v in zip(found, directions, strict=True))
    assert_is_derivative(
        slope,
        lambda *xs: inner(d.u, value(d.f, xs, device)),
        d.inputs,
        d.along(directions),
        d.what,
        terms=d.case.terms + d.u.size,
    )
    real = not np.iscomplexobj(d.y) and not any(map(np.iscomplexobj, d.inputs))
    if real and d.inputs[d.wanted[0]].size * d.y.size <= 12:
        assert_jacobian_is_right(d, d.wanted[0], device)


def assert_jacobian_is_right(d: Drawn, i: int, device: Any) -> None:
    numeric, bound = full_jacobian(lambda *xs: value(d.f, xs, device), d.inputs, i, d.case.terms)
    rows = [
        gradients(d.f, d.inputs, [i], unit.reshape(d.y.shape), device)[0]
        for unit in np.eye(d.y.size)
    ]
    actual = np.array(rows).reshape(numeric.shape)
    assert_within(actual, numeric, bound, f"{d.what}: Jacobian, good to {bound:.2g}")


@every_row
@examples(0.2)
@given(data=st.data())
def test_gradient_is_linear_in_the_cotangent_and_adjoint_to_the_forward_derivative(
    row: Row, device: Any, data: Any
) -> None:
    """<u, J v> = <J^T u, v>, with J v by differentiating the gradient by its cotangent."""
    d = Drawn(data, row, device)
    directions = d.directions()
    xs = row.tensors(d.case, device)

    def f(*wanted: mg.Tensor) -> mg.Tensor:
        moved = dict(zip(d.wanted, wanted, strict=True))
        return d.f(*(moved.get(i, x) for i, x in enumerate(xs)))

    primals = tuple(xs[i] for i in d.wanted)
    tangents = tuple(mg.asarray(v, device=device) for v in directions)
    _, pushed = mg.jvp(f, primals, tangents)
    found = gradients(d.f, d.inputs, d.wanted, d.u, device)
    left = inner(d.u, to_numpy(pushed))
    right = sum(inner(g, v) for g, v in zip(found, directions, strict=True))
    magnitude = largest(*directions, d.u) * largest(*found) * largest(*d.inputs, d.y)
    magnitude *= d.condition**2
    assert_close(np.asarray(left), np.asarray(right), d.what,
                 terms=d.case.terms + d.u.size, magnitude=magnitude)  # fmt: skip
    other = cotangent_for(d.y, d.rng)
    more, both = (
        gradients(d.f, d.inputs, d.wanted, u, device) for u in (other, 3 * d.u - 2 * other)
    )
    for a, b, sum_of_both in zip(found, more, both, strict=True):
        d.close(sum_of_both, 3 * a - 2 * b, "linearity")


@every_row
@examples(0.2)
@given(data=st.data(), layout=layouts, cotangent_layout=layouts)
def test_gradient_does_not_depend_on_the_layout_in_memory(
    row: Row, device: Any, data: Any, layout: str, cotangent_layout: str
) -> None:
    d = Drawn(data, row, device)
    if layout == "stride 0" and row.ties:
        layout = "reversed"
    laid_out = [lay_out(x, layout) for x in d.inputs]
    u = lay_out(d.u, cotangent_layout)
    plain = gradients(d.f, [np.array(x) for x in laid_out], d.wanted, np.array(u), device)
    for g, e in zip(gradients(d.f, laid_out, d.wanted, u, device), plain, strict=True):
        d.close(g, e, f"inputs {layout}, cotangent {cotangent_layout}")
