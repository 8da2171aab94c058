"""A leaf that got a new value after it was recorded: an error, where a rule would read it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.engine.lines import here


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([1.0, 2.0], device=device, requires_grad=True)


def test_a_leaf_that_changed_after_it_was_recorded_is_an_error(x: mg.Tensor) -> None:
    w = mg.ones(2, device=x.device, requires_grad=True)
    y, recorded = mg.sum(w * x), here()
    with mg.no_grad():
        x += 1.0
    with pytest.raises(RuntimeError) as caught:
        y.backward()
    assert str(caught.value) == (
        f"backward: input 1 of multiply, recorded at {recorded} has been assigned a new value "
        "since; call backward() before the update, or recompute the forward"
    )
    assert x.grad is None
    with pytest.raises(RuntimeError, match=r"^grad: input 1 of multiply, recorded at"):
        mg.autograd.grad(y, x, create_graph=True)


def test_a_leaf_whose_data_was_rebound_is_an_error_too(x: mg.Tensor) -> None:
    y = mg.sum(mg.sin(x))
    x.data = mg.ones(2, device=x.device).data
    with pytest.raises(RuntimeError, match="has been assigned a new value since"):
        y.backward()


def test_a_change_that_no_rule_can_see_is_harmless(x: mg.Tensor) -> None:
    """exp reads its output, a sum nothing: their gradients are still those of what was computed."""
    y = mg.sum(mg.exp(x))
    expected = np.exp(x.detach().numpy())
    with mg.no_grad():
        x += 1.0
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-6)


def test_a_change_that_only_the_rule_for_a_constant_would_see_is_harmless(x: mg.Tensor) -> None:
    y = mg.sum(x * mg.asarray([3.0, 4.0], device=x.device))
    with mg.no_grad():
        x += 1.0
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3, 4])


def test_a_leaf_that_got_its_own_value_back_is_unchanged(x: mg.Tensor) -> None:
    y, value = mg.sum(x * x), x.data
    with mg.no_grad():
        x += 1.0
    x.data = value
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 4])


def test_a_result_that_was_assigned_to_since_is_no_error_its_value_was_kept(x: mg.Tensor) -> None:
    y = x * 2
    z = y * y
    y += 1.0
    mg.sum(z).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [8, 16])
