"""What a graph holds, and how soon it lets go: without the cyclic collector, while it is walked."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.extend import primitive
from minigrad.tensor import SMALL, Node, Tensor

SIZE = 100_000
ARRAY = 8 * SIZE
"""The bytes of one array here."""
CONSTANT = mg.asarray(np.linspace(1.0, 2.0, SIZE))
NODES = ARRAY // 4
"""What the nodes, Tensors and lists of a test's graph may take besides arrays: they are few."""


@pytest.fixture(autouse=True)
def no_cyclic_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def traced() -> Iterator[Callable[[], tuple[float, float]]]:
    """A function that tells the memory held now and at its peak since it was last asked."""

    def ask() -> tuple[float, float]:
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        return held, peak

    tracemalloc.start()
    yield ask
    tracemalloc.stop()


def leaf() -> Tensor:
    return mg.tensor(np.linspace(0.1, 1.0, SIZE), requires_grad=True)


def nodes() -> int:
    return sum(type(o) is Node for o in gc.get_objects())


def test_a_graph_goes_with_the_last_tensor_on_it(device: Any) -> None:
    x = mg.ones(3, device=device, requires_grad=True)
    before = nodes()
    y = mg.exp(x)
    array = weakref.ref(y.data)
    total = mg.sum(y * mg.sin(x) + x[:1])
    del y
    assert array() is not None, "the rule of exp reads its output"
    del total
    assert array() is None
    assert nodes() == before


@pytest.mark.parametrize("wanted", [(0,), (1,), (0, 1)])
def test_an_output_is_kept_if_any_of_the_rules_that_will_run_reads_it(
    wanted: tuple[int, ...], device: Any
) -> None:
    scaled_exp = primitive(
        "scaled_exp",
        lambda xp, g, y, a, b: g * y,
        lambda xp, g, y, a, b: g * xp.exp(a),
        forward=lambda xp, a, b: xp.exp(a) * b,
    )
    n = SMALL + 1  # what is not larger is kept anyway
    a = mg.zeros(n, device=device, requires_grad=0 in wanted)
    b = mg.full(n, 2.0, device=device, requires_grad=1 in wanted)
    y = scaled_exp(a, b)
    array = weakref.ref(y.data)
    total = mg.sum(y + 0)
    del y
    assert (array() is not None) == (0 in wanted)
    found = mg.autograd.grad(total, [x for x in (a, b) if x.requires_grad])
    assert [g.tolist() for g in found] == [[[2.0] * n, [1.0] * n][i] for i in wanted]


def test_a_graph_of_gradients_goes_too(device: Any) -> None:
    x = mg.ones(3, device=device, requires_grad=True)
    before = nodes()
    y = mg.sum(mg.exp(x) ** 3)
    (g,) = mg.autograd.grad(y, x, create_graph=True)
    (h,) = mg.autograd.grad(mg.sum(g), x, create_graph=True)
    array = weakref.ref(g.data)
    del y, g, h
    assert array() is None
    assert nodes() == before


def test_hooks_and_kept_gradients_do_not_hold_a_graph(device: Any) -> None:
    x = mg.ones(3, device=device, requires_grad=True)
    y = mg.exp(x)
    y.retain_grad()
    y.register_hook(lambda g: 2 * g)
    mg.sum(y).backward()
    tensor, array = weakref.ref(y), weakref.ref(y.data)
    del y
    assert (tensor(), array()) == (None, None)


def test_an_error_in_the_middle_leaves_no_graph_behind() -> None:
    x = mg.ones(3, requires_grad=True)
    before = nodes()
    with pytest.raises(ValueError, match="do not broadcast"):
        mg.exp(x) + mg.ones(4)
    gc.collect()  # the traceback refers to itself
    assert nodes() == before


def test_functions_of_functions_leave_no_graph_behind() -> None:
    x = mg.ones(3)
    before = nodes()
    f = lambda a: mg.sum(mg.exp(a) * a)
    kept = [mg.value_and_grad(f)(x), mg.hvp(f, (x,), (x,)), mg.jvp(f, (x,), (x,))]
    assert nodes() == before, kept


def test_values_go_while_the_graph_is_walked_not_after(traced: Any) -> None:
    """Ten weights: a gradient comes for each, and the value that its node held goes.

    In flight are the cotangent, the gradient of the weight and that of the value.
    """
    weights = [leaf() for _ in range(10)]
    y = leaf()
    for w in weights:
        y = y * w
    total = mg.sum(y)
    del y, w
    start, _ = traced()
    total.backward()
    held, peak = traced()
    assert peak - start < 3 * ARRAY + NODES
    gained = 11 - 10  # the gradients of ten weights and of the start, for the values of ten nodes
    assert held - start < gained * ARRAY + NODES


def test_cotangents_go_as_soon_as_they_have_been_passed_on(traced: Any) -> None:
    """In flight: the cotangent, two temporaries of the rule g - g (y y), and what it returns."""
    x = leaf()
    y = x
    for _ in range(20):
        y = mg.tanh(y)
    total = mg.sum(y)
    start, _ = traced()
    total.backward(retain_graph=True)
    held, peak = traced()
    assert peak - start < 4 * ARRAY + NODES
    assert held - start < ARRAY + NODES, "the gradient of the leaf is all that stays"


operations: list[tuple[str, int, Callable[[Tensor], Tensor]]] = [
    ("add", 0, lambda x: x + 1.0),
    ("subtract", 0, lambda x: x - x),
    ("reshape", 0, lambda x: mg.reshape(x, (2, -1))),
    ("flip", 0, lambda x: mg.flip(x)),
    ("sum", 0, lambda x: mg.sum(x)),
    ("concat", 0, lambda x: mg.concat([x, x])),
    ("stack", 0, lambda x: mg.stack([x, x])),
    ("slice", 0, lambda x: x[1:]),
    ("exp", 1, lambda x: mg.exp(x)),
    ("sin", 1, lambda x: mg.sin(x)),
    ("multiply", 1, lambda x: x * x),
    ("multiply by a constant", 0, lambda x: x * CONSTANT),
    ("divide by a constant", 0, lambda x: x / CONSTANT),
    ("a constant over", 2, lambda x: CONSTANT / x),
    ("number times", 0, lambda x: 2.0 * x),
    ("mean of tanh", 1, lambda x: mg.mean(mg.tanh(x))),
    ("tanh of sin", 2, lambda x: mg.tanh(mg.sin(x))),
]


@pytest.mark.parametrize(("name", "arrays", "f"), operations, ids=[o[0] for o in operations])
def test_a_graph_holds_the_arrays_that_rules_read_and_no_others(
    traced: Any, name: str, arrays: int, f: Callable[[Tensor], Tensor]
) -> None:
    """`arrays` of the input's size: exp holds its output, sin its input, a sum neither."""
    before, _ = traced()
    x = leaf() + 0.0
    node = f(x).node
    del x
    held, _ = traced()
    assert abs(held - before - arrays * ARRAY) < NODES, node
