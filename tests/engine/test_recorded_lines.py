"""Every recorded operation knows the user's line, however many functions stand between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import minigrad as mg
from minigrad.bench import minigrad as as_library
from minigrad.bench.one_operation import forward
from minigrad.nn import functional as F
from minigrad.tensor import Tensor
from tests.engine.lines import here

calls: dict[str, Callable[[Tensor], tuple[Tensor, str]]] = {
    "a primitive": lambda x: (mg.exp(x), here()),
    "of two inputs": lambda x: (mg.add(x, x), here()),
    "of a number": lambda x: (mg.multiply(x, 2.0), here()),
    "operator": lambda x: (x + x, here()),
    "reversed operator": lambda x: (2.0 - x, here()),
    "sum": lambda x: (mg.sum(x), here()),
    "sum over an axis": lambda x: (mg.sum(x, axis=0), here()),
    "method": lambda x: (x.mean(), here()),
    "reshape": lambda x: (mg.reshape(x, (4,)), here()),
    "reshape method": lambda x: (x.reshape(4), here()),
    "permute_dims": lambda x: (mg.permute_dims(x, (1, 0)), here()),
    "broadcast_to": lambda x: (mg.broadcast_to(x, (3, 2, 2)), here()),
    "expand_dims": lambda x: (mg.expand_dims(x, axis=0), here()),
    "slice": lambda x: (x[0, 1:], here()),
    "index": lambda x: (x[mg.asarray([0, 0], device=x.device)], here()),
    "getitem": lambda x: (mg.getitem(x, 0), here()),
    "softmax": lambda x: (mg.special.softmax(x), here()),
    "log_softmax": lambda x: (mg.special.log_softmax(x), here()),
    "softmax of nn": lambda x: (F.softmax(x, dim=0), here()),
    "concat": lambda x: (mg.concat([x, x]), here()),
    "loss": lambda x: (F.mse_loss(x, mg.zeros_like(x)), here()),
}


@pytest.mark.parametrize("call", calls.values(), ids=calls)
def test_the_line_is_the_users(call: Callable[[Tensor], tuple[Tensor, str]], device: str) -> None:
    y, line = call(mg.ones((2, 2), device=device, requires_grad=True))
    assert repr(y.node).endswith(f", recorded at {line}")


def test_the_line_of_a_gradient_is_that_of_the_call(device: str) -> None:
    x = mg.ones(2, device=device, requires_grad=True)
    mg.sum(x * x).backward(); line = here()  # fmt: skip  # noqa: E702
    assert repr(x.grad.node) == f"a gradient computed at {line}"
    (g,), line = mg.autograd.grad(mg.sum(x * x), x), here()
    assert repr(g.node) == f"a gradient computed at {line}"


def test_a_program_that_is_timed_is_as_a_users_and_no_frame_further(device: mg.Device) -> None:
    y = forward(as_library(device), "add")()
    assert y.node.where[0].co_filename == forward.__code__.co_filename
