"""100,000 consumers of one value, and 100,000 inputs of one operation, are no special case."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import Node, Tensor

WIDE = 100_000


@pytest.fixture(autouse=True)
def no_cyclic_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def nodes() -> int:
    return sum(type(o) is Node for o in gc.get_objects())


joined: dict[str, Callable[[list[Tensor]], Tensor]] = {
    "stack": lambda xs: mg.stack(xs),
    "concat": lambda xs: mg.concat([mg.reshape(x, (1,)) for x in xs]),
}


@pytest.mark.parametrize("join", joined.values(), ids=joined)
def test_one_value_with_many_consumers(join: Callable[[list[Tensor]], Tensor]) -> None:
    before = nodes()
    weights = np.random.default_rng(0).integers(-4, 5, WIDE).astype("float32")
    x = mg.tensor(3.0, requires_grad=True)
    y = join([x * float(w) for w in weights])
    assert repr(y).startswith("tensor([")
    twin = copy.deepcopy(y)
    mg.sum(y * y).backward(retain_graph=True)
    np.testing.assert_allclose(x.grad.numpy(), 6 * np.sum(weights**2))
    (g,) = mg.autograd.grad(mg.sum(twin), x)
    np.testing.assert_allclose(g.numpy(), np.sum(weights))
    del y, twin
    assert nodes() == before


@pytest.mark.parametrize("join", joined.values(), ids=joined)
def test_many_leaves_joined_by_one_operation(join: Callable[[list[Tensor]], Tensor]) -> None:
    before = nodes()
    leaves = [mg.tensor(float(i % 7), requires_grad=True) for i in range(WIDE)]
    y = join(leaves)
    mg.sum(y * y).backward()
    assert all(x.grad.item() == 2 * (i % 7) for i, x in enumerate(leaves))
    del y
    assert nodes() == before


def test_many_leaves_added_up_one_after_the_other() -> None:
    leaves = [mg.tensor([1.0, 2.0], requires_grad=True) for _ in range(WIDE)]
    total = sum(leaves[1:], leaves[0])
    total.backward(mg.tensor([1.0, 3.0]))
    assert all(x.grad.tolist() == [1.0, 3.0] for x in leaves)


def test_many_leaves_differentiated_twice() -> None:
    """d/dx of the squared norm of the gradient 2 x is 8 x."""
    before = nodes()
    leaves = [mg.tensor(float(i % 7), requires_grad=True) for i in range(WIDE // 10)]
    y = mg.stack(leaves)
    first = mg.autograd.grad(mg.sum(y * y), leaves, create_graph=True)
    second = mg.autograd.grad(mg.sum(mg.stack(first) ** 2), leaves)
    assert all(h.item() == 8 * (i % 7) for i, h in enumerate(second))
    del y, first, second
    assert nodes() == before
