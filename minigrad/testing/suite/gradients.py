"""The first derivative: PyTorch's, finite differences, and the laws that it obeys by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg

from ..check_grads import check_reverse
from ..derivatives import cotangent_for, gradients, inner, to_numpy, value
from ..layout import lay_out
from ..numeric import full_jacobian
from ..oracles import torch_derivatives
from ..record import OpRecord
from ..strategies.arrays import layouts
from ..tolerance import assert_close, assert_within, largest
from .checks import Check, has_derivative, has_oracle, needs_torch
from .drawn import Drawn

__all__ = ["checks"]


def gradient_equals_pytorchs(record: OpRecord, device: Any, data: Any) -> None:
    """Under a random cotangent."""
    d = Drawn(data, record, device)
    _, expected, _ = torch_derivatives(record.oracle_call(d.case.params), d.inputs, d.wanted, d.u)
    for i, g, e in zip(
        d.wanted, gradients(d.f, d.inputs, d.wanted, d.u, device), expected, strict=True
    ):
        d.close(g, e, f"gradient of input {i} against PyTorch")


def gradient_equals_finite_differences(record: OpRecord, device: Any, data: Any) -> None:
    """Along a random direction of each input; entry by entry, where the Jacobian is small."""
    d = Drawn(data, record, device)
    check_reverse(d.point(device), d.rng, 1)
    real = not np.iscomplexobj(d.y) and not any(map(np.iscomplexobj, d.inputs))
    if real and d.inputs[d.wanted[0]].size * d.y.size <= 12:
        assert_jacobian_is_right(d, d.wanted[0], device)


def assert_jacobian_is_right(d: Drawn, i: int, device: Any) -> None:
    """Every entry, by a cotangent of its own."""
    numeric, bound = full_jacobian(lambda *xs: value(d.f, xs, device), d.inputs, i, d.case.terms)
    rows = [
        gradients(d.f, d.inputs, [i], unit.reshape(d.y.shape), device)[0]
        for unit in np.eye(d.y.size)
    ]
    actual = np.array(rows).reshape(numeric.shape)
    assert_within(
        actual,
        numeric,
        bound,
        f"{d.what}: Jacobian of input {i}, differences good to {bound:.2g}",
    )


def gradient_is_linear_in_the_cotangent_and_adjoint_to_the_forward_derivative(
    record: OpRecord, device: Any, data: Any
) -> None:
    """<u, J v> = <J^T u, v>, with J v by differentiating the gradient by its cotangent."""
    d = Drawn(data, record, device)
    directions = d.directions()
    primals = tuple(mg.asarray(d.inputs[i], device=device) for i in d.wanted)
    tangents = tuple(mg.asarray(v, device=device) for v in directions)
    _, pushed = mg.jvp(d.of_wanted(device), primals, tangents)
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


def gradient_does_not_depend_on_the_layout_in_memory(
    record: OpRecord, device: Any, data: Any
) -> None:
    """Neither on that of the inputs nor on that of the cotangent."""
    layout, cotangent_layout = data.draw(layouts), data.draw(layouts)
    d = Drawn(data, record, device)
    if layout == "stride 0" and record.ties:
        layout = "reversed"
    laid_out = [lay_out(x, layout) for x in d.inputs]
    u = lay_out(d.u, cotangent_layout)
    plain = gradients(d.f, [np.array(x) for x in laid_out], d.wanted, np.array(u), device)
    for g, e in zip(gradients(d.f, laid_out, d.wanted, u, device), plain, strict=True):
        d.close(g, e, f"inputs {layout}, cotangent {cotangent_layout}")


checks = [
    Check(
        gradient_equals_pytorchs, 0.3, lambda r: has_derivative(r) and has_oracle(r), (needs_torch,)
    ),
    Check(gradient_equals_finite_differences, 0.2, has_derivative),
    Check(
        gradient_is_linear_in_the_cotangent_and_adjoint_to_the_forward_derivative,
        0.2,
        has_derivative,
    ),
    Check(gradient_does_not_depend_on_the_layout_in_memory, 0.2, has_derivative),
]
