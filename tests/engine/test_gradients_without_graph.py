"""A gradient computed without create_graph is a number: a derivative through it is an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.engine.lines import here


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([1.0, 2.0], device=device, requires_grad=True)


@pytest.mark.parametrize("way", ["grad", "backward"])
def test_a_gradient_without_create_graph_cannot_be_differentiated(x: mg.Tensor, way: str) -> None:
    if way == "grad":
        (g,), line = mg.autograd.grad(mg.sum(x**3), x), here()
    else:
        line = here(1)
        mg.sum(x**3).backward()
        g = x.grad
    message = rf"it was computed from a gradient computed at {line} without create_graph=True"
    with pytest.raises(ValueError, match=message):
        mg.sum(g).backward()
    with pytest.raises(ValueError, match=message):
        mg.autograd.grad(mg.sum(g * g), x)


def test_such_a_gradient_inside_a_larger_loss_is_an_error_not_a_constant(x: mg.Tensor) -> None:
    (g,), line = mg.autograd.grad(mg.sum(x**3), x), here()
    loss = mg.sum(x + g**2)
    for create_graph in (False, True):
        with pytest.raises(RuntimeError) as caught:
            mg.autograd.grad(loss, x, create_graph=create_graph)
        assert str(caught.value) == (
            f"grad: depends on a gradient computed at {line} without create_graph=True, so it "
            "cannot be differentiated; compute it by grad(..., create_graph=True), or detach() it "
            "if it is meant as a constant"
        )
    with pytest.raises(RuntimeError, match=r"^backward: depends on a gradient computed at"):
        loss.backward()
    assert x.grad is None


def test_a_detached_gradient_inside_a_larger_loss_is_a_constant(x: mg.Tensor) -> None:
    (g,) = mg.autograd.grad(mg.sum(x**3), x)
    mg.sum(x + g.detach() ** 2).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 1])


def test_a_recorded_gradient_inside_a_larger_loss_is_differentiated(x: mg.Tensor) -> None:
    (g,) = mg.autograd.grad(mg.sum(x**3), x, create_graph=True)
    mg.sum(x + g**2).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [37, 289])  # 1 + 36 x^3


def test_such_a_gradient_is_a_number_like_any_other_for_updates(x: mg.Tensor) -> None:
    mg.sum(x * x).backward()
    norm = mg.sqrt(mg.sum(x.grad * x.grad))
    assert norm.item() == pytest.approx(np.sqrt(4.0 + 16.0))
    with mg.no_grad():
        x -= 0.5 * x.grad
    np.testing.assert_array_equal(x.detach().numpy(), [0, 0])
