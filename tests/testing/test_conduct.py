"""Each check of conduct passes what behaves well, and catches what misbehaves in its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad import nn
from minigrad.extend import Primitive, elementwise, primitive
from minigrad.testing import (
    ErrorCase,
    check_accumulation,
    check_checkpoint,
    check_determinism,
    check_errors,
    check_form,
    check_layouts,
    check_no_leak,
    check_state_round_trip,
    check_unmutated,
)
from minigrad.testing import strategies as mst
from minigrad_bn import BatchNorm1d

checks = [
    check_form,
    check_unmutated,
    check_layouts,
    check_determinism,
    check_accumulation,
    check_checkpoint,
    check_no_leak,
]


def identity(name: str, forward: Callable[..., Any], rule: Any = None) -> Primitive:
    return primitive(name, rule or (lambda xp, g, y, x: g), forward=forward)


def writes_to_its_input(xp: Any, x: Any) -> Any:
    x[...] = 0
    return x + 0


def writes_to_the_cotangent(xp: Any, g: Any, y: Any, x: Any) -> Any:
    g *= 2
    return g + 0


def reads_the_strides(xp: Any, x: Any) -> Any:
    return x + (0.0 if x.strides[-1] == x.itemsize else 1.0)


calls = iter(range(10**9))
kept: list[Any] = []


def keeps_its_graph(x: mg.Tensor) -> mg.Tensor:
    y = mg.exp(x)
    kept.append(y)
    return y


def detaches_half(x: mg.Tensor) -> mg.Tensor:
    """`.grad` and `grad` agree only because both are wrong alike; nothing for these checks."""
    return x * x.detach()


misbehaving = {
    check_unmutated: [
        identity("writes_to_its_input", writes_to_its_input),
        identity("writes_to_the_cotangent", lambda xp, x: x + 0, writes_to_the_cotangent),
    ],
    check_layouts: [identity("reads_the_strides", reads_the_strides)],
    check_determinism: [identity("counts", lambda xp, x: x + float(next(calls)))],
    check_no_leak: [keeps_its_graph],
    check_checkpoint: [lambda x: mg.exp(x) * float(next(calls) % 7)],
}


@given(mst.broadcastable_arrays(2))
def test_a_well_behaved_function_passes_every_check(device: Any, xs: Any) -> None:
    for check in checks:
        check(lambda a, b: mg.tanh(a) * b + a, *xs, device=device)


def test_a_module_and_a_view_pass_every_check(device: Any) -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))
    bn = BatchNorm1d(3, device=device).double()
    for check in checks:
        check(bn, x, device=device)
        check(lambda a: mg.reshape(a, (-1,)), x, device=device)
        check(detaches_half, x, device=device)


@pytest.mark.parametrize(
    ("check", "f"), [(check, f) for check, functions in misbehaving.items() for f in functions]
)
def test_misbehaviour_is_caught(check: Any, f: Any) -> None:
    with pytest.raises((AssertionError, RuntimeError)):
        check(f, np.random.default_rng(0).normal(size=(3, 2)))
    kept.clear()


def test_a_gradient_of_another_form_is_refused_by_the_engine_itself() -> None:
    row_only = identity("row_only", lambda xp, x: x + 0, lambda xp, g, y, x: g[:1])
    with pytest.raises(RuntimeError, match="gradient of 'row_only' for input 0 has shape"):
        check_form(row_only, np.ones((3, 2)))


def test_a_state_that_comes_back_incomplete_is_caught() -> None:
    class Forgets(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(mg.ones(3))
            self.register_buffer("scale", mg.full((3,), 2.0), persistent=True)

        def forward(self, x: mg.Tensor) -> mg.Tensor:
            return x * self.weight * self.scale

        def load_state_dict(self, state: Any, strict: bool = True) -> Any:
            del state["scale"]
            return super().load_state_dict(state, strict=False)

    check_state_round_trip(nn.Linear(3, 2), mg.ones((4, 3)))
    check_state_round_trip(BatchNorm1d(3), mg.asarray(np.random.default_rng(0).normal(size=(4, 3))))
    with pytest.raises(AssertionError, match="scale is another after the round trip"):
        check_state_round_trip(Forgets(), mg.ones((4, 3)))
    with pytest.raises(ValueError, match="ReLU has no state"):
        check_state_round_trip(nn.ReLU(), mg.ones(3))


def test_errors_are_held_to_their_type_and_text() -> None:
    fails = ErrorCase(
        lambda device: mg.matmul(mg.ones((3, 4)), mg.ones((5, 6))), ValueError, "4 and 5"
    )
    check_errors([fails])
    with pytest.raises(AssertionError, match="the error says"):
        check_errors([fails._replace(message="6 and 7")])
    with pytest.raises(AssertionError, match="no ValueError"):
        check_errors([fails._replace(call=lambda device: 1)])
    with pytest.raises(ValueError, match="no cases"):
        check_errors([])


def test_a_function_of_nothing_that_is_differentiable_is_no_pass() -> None:
    constant = elementwise("three", lambda xp, g, y, x: 0 * g, forward=lambda xp, x: 0 * x + 3)
    check_form(constant, np.ones(3))
    with pytest.raises(AssertionError, match="no output depends"):
        check_form(lambda x: x.detach() + 1, np.ones(3))
