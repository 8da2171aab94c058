"""The gradient of the gradient, by the inputs and by the cotangent."""

from __future__ import annotations

from typing import Any

from ..derivatives import cotangent_for, gradients, inner, second_gradients
from ..numeric import assert_is_derivative
from ..oracles import torch_derivatives
from ..record import OpRecord
from .checks import Check, has_derivative, has_oracle, needs_torch
from .drawn import Drawn

__all__ = ["checks"]


def second_gradient_equals_pytorchs(record: OpRecord, device: Any, data: Any) -> None:
    """By the inputs and by the cotangent, along random directions."""
    d = Drawn(data, record, device)
    directions = d.directions()
    f = record.oracle_call(d.case.params)
    _, _, expected = torch_derivatives(f, d.inputs, d.wanted, d.u, directions)
    actual = second_gradients(d.f, d.inputs, d.wanted, d.u, directions, device)
    for name, a, e in zip([*d.wanted, "cotangent"], actual, expected, strict=True):
        d.close(a, e, f"second gradient by {name}", order=2)


def second_gradient_equals_finite_differences_of_the_first(
    record: OpRecord, device: Any, data: Any
) -> None:
    """Along random directions of the inputs and of the cotangent."""
    d = Drawn(data, record, device)
    directions, moves = d.directions(), d.directions()
    u_moves = cotangent_for(d.u, d.rng)

    def slope(*xs_and_u: Any) -> Any:
        *xs, u = xs_and_u
        found = gradients(d.f, xs, d.wanted, u, device)
        return sum(inner(g, w) for g, w in zip(found, directions, strict=True))

    found = second_gradients(d.f, d.inputs, d.wanted, d.u, directions, device)
    change = sum(inner(s, v) for s, v in zip(found, [*moves, u_moves], strict=True))
    assert_is_derivative(
        change, slope, [*d.inputs, d.u], [*d.along(moves), u_moves],
        f"{d.what}: the second gradient along random directions",
        terms=d.case.terms + d.u.size,
    )  # fmt: skip


checks = [
    Check(
        second_gradient_equals_pytorchs,
        0.25,
        lambda r: has_derivative(r) and has_oracle(r),
        (needs_torch,),
    ),
    Check(second_gradient_equals_finite_differences_of_the_first, 0.15, has_derivative),
]
