"""100,000 operations in a row are no deeper than three: nothing recurses."""

from __future__ import annotations

import copy
import gc
from collections.abc import Iterator

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import Node, Tensor

LONG = 100_000


@pytest.fixture(autouse=True)
def no_cyclic_collector() -> Iterator[None]:
    """So that a graph which waits for the collector is found, and chains are not slowed by it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x: Tensor, length: int = LONG) -> Tensor:
    for _ in range(length):
        x = -x
    return x


def nodes() -> int:
    """How many recorded operations are alive."""
    return sum(type(o) is Node for o in gc.get_objects())


@pytest.fixture
def x() -> Tensor:
    return mg.tensor([1.0, 2.0], requires_grad=True)


def test_a_long_chain_runs_forward_backward_and_goes_at_once(x: Tensor) -> None:
    before = nodes()
    y = chain(x)
    assert nodes() == before + LONG
    y.backward(mg.tensor([1.0, 3.0]))
    np.testing.assert_array_equal(x.grad.numpy(), [1, 3])
    del y
    assert nodes() == before


def test_a_long_chain_that_is_never_differentiated_goes_at_once(x: Tensor) -> None:
    before = nodes()
    y = chain(x)
    del y
    assert nodes() == before


def test_a_long_chain_is_shown_and_copied(x: Tensor) -> None:
    y = chain(x)
    assert repr(y) == "tensor([1., 2.], from=negative)"
    assert repr(y.node).startswith("negative, recorded at ")
    twin = copy.deepcopy(y)
    twin.backward(mg.tensor([1.0, 3.0]))
    np.testing.assert_array_equal(x.grad.numpy(), [1, 3])


def test_a_long_chain_is_differentiated_twice(x: Tensor) -> None:
    before = nodes()
    y = mg.sum(chain(x) ** 2)
    (g,) = mg.autograd.grad(y, x, create_graph=True)
    assert nodes() > before + 2 * LONG
    (h,) = mg.autograd.grad(mg.sum(g * g), x)
    np.testing.assert_array_equal(h.numpy(), [8, 16])
    del y, g
    assert nodes() == before


def test_a_long_chain_of_values_used_twice(x: Tensor) -> None:
    """x -> x/2 + x/2: 2^100,000 paths, each node visited once."""
    y = x
    for _ in range(LONG // 10):
        half = y * 0.5
        y = half + half
    mg.sum(y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 1])


def test_a_long_chain_of_assignments(x: Tensor) -> None:
    y = x * 1
    for _ in range(LONG // 10):
        y += 1.0
    y[0] = 5.0
    mg.sum(y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0, 1])


def test_a_sum_of_many_terms(x: Tensor) -> None:
    n = LONG // 10
    mg.sum(mg.stack([x[0] * 2.0 for _ in range(n)])).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2 * n, 0])
