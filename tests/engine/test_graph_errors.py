"""What can't be differentiated is an error that says why and what to do; never a silent zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.engine.lines import here


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([1.0, 2.0], device=device, requires_grad=True)


def test_a_second_backward_over_a_freed_graph_names_the_operation_its_line_and_the_way_out(
    x: mg.Tensor,
) -> None:
    y, line = mg.exp(x), here()
    y = mg.sum(y)
    y.backward()
    with pytest.raises(RuntimeError) as caught:
        y.backward()
    assert str(caught.value) == (
        f"backward: exp, recorded at {line} was differentiated before, and its values are "
        "gone; pass retain_graph=True the first time to go through it twice"
    )
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1.0, 2.0]), rtol=1e-6)


def test_a_retained_graph_can_be_walked_again(x: mg.Tensor) -> None:
    y = mg.sum(mg.exp(x))
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp([1.0, 2.0]), rtol=1e-6)


def test_part_of_a_graph_that_was_not_walked_is_not_freed(x: mg.Tensor) -> None:
    y, z = mg.exp(x), mg.sin(x)
    mg.autograd.grad(mg.sum(y), x)
    mg.autograd.grad(mg.sum(z), x)


def test_backward_of_a_vector_needs_a_gradient(x: mg.Tensor) -> None:
    with pytest.raises(ValueError, match=r"backward: a Tensor of shape \(2,\) needs a gradient"):
        (x * 2).backward()


def test_a_gradient_of_another_shape_is_refused(x: mg.Tensor) -> None:
    with pytest.raises(ValueError, match=r"gradient of shape \(3,\) for a Tensor of shape \(2,\)"):
        (x * 2).backward(mg.ones(3, device=x.device))


def test_a_gradient_on_another_device_is_refused(x: mg.Tensor) -> None:
    elsewhere = "strict" if x.device == "cpu" else "cpu"
    with pytest.raises(ValueError, match=rf"gradient on {elsewhere} for a Tensor on {x.device}"):
        (x * 2).backward(mg.ones(2, device=elsewhere))


def test_an_error_of_a_walk_leaves_gradients_as_they_were(x: mg.Tensor) -> None:
    mg.sum(x).backward()
    before = x.grad
    for y, gradient in [(x * 2, None), (x * 2, mg.ones(3, device=x.device))]:
        with pytest.raises(ValueError, match="backward: "):
            y.backward(gradient)
    assert x.grad is before


def test_backward_of_a_constant_says_that_it_does_not_require_grad(device: Any) -> None:
    with pytest.raises(ValueError, match="backward: this Tensor does not require grad: none of"):
        mg.sum(mg.ones(2, device=device)).backward()


def test_what_was_computed_under_no_grad_says_so(x: mg.Tensor) -> None:
    with mg.no_grad():
        y = mg.sum(x * x)
    with pytest.raises(ValueError, match=r"or it was computed under no_grad$"):
        y.backward()


def test_a_result_cannot_stop_requiring_grad(x: mg.Tensor) -> None:
    message = r"this Tensor is the result of multiply, recorded at .*; use \.detach\(\)"
    with pytest.raises(ValueError, match=message):
        (x * 2).requires_grad_(False)


def test_nothing_happens_before_an_error(x: mg.Tensor) -> None:
    """Half of the graph is good: its leaf must not have received anything when the rest fails."""
    w = mg.tensor([3.0, 4.0], device=x.device, requires_grad=True)
    freed = mg.exp(x)
    mg.sum(freed).backward()
    x.grad = None
    loss = mg.sum(w * w) + mg.sum(freed)
    with pytest.raises(RuntimeError, match="was differentiated before"):
        loss.backward()
    assert w.grad is None
    assert x.grad is None
