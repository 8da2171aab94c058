"""The cost of one operation on arrays so small (8x8, float32) that the framework is what it costs.

*Forward* is the recorded operation; *with backward* adds the walk and the gradients of its inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg

from .measure import Timing, interleaved

__all__ = ["geometric_mean", "overheads"]

Operation = Callable[..., Any]

ours: dict[str, Operation] = {
    "add": mg.add,
    "multiply": mg.multiply,
    "matmul": mg.matmul,
    "sum": mg.sum,
    "exp": mg.exp,
    "reshape": lambda x: mg.reshape(x, (4, 16)),
    "getitem": lambda x: x[1:5, 2],
    "softmax": lambda x: mg.special.softmax(x, axis=-1),
}
BINARY = ("add", "multiply", "matmul")


def theirs() -> dict[str, Operation]:
    """The same operations of PyTorch, eager, on one thread."""
    import torch

    torch.set_num_threads(1)
    return {
        "add": torch.add,
        "multiply": torch.mul,
        "matmul": torch.matmul,
        "sum": torch.sum,
        "exp": torch.exp,
        "reshape": lambda x: torch.reshape(x, (4, 16)),
        "getitem": lambda x: x[1:5, 2],
        "softmax": lambda x: torch.softmax(x, -1),
    }


def forward(operation: Operation, inputs: list[Any]) -> Callable[[], Any]:
    """The operation, recorded."""
    if len(inputs) == 2:
        a, b = inputs
        return lambda: operation(a, b)
    (x,) = inputs
    return lambda: operation(x)


def with_backward(operation: Operation, inputs: list[Any], cotangent: Any) -> Callable[[], Any]:
    """The operation, and the gradients of its inputs."""
    recorded = forward(operation, inputs)

    def run() -> None:
        recorded().backward(cotangent)
        for x in inputs:
            x.grad = None

    return run


def candidates(operation: Operation, tensor: Any, count: int) -> list[Callable[[], Any]]:
    """The operation forward, and with backward, on `count` leaves that `tensor` makes."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.uniform(0.5, 1.5, shape).astype("float32")
    inputs = [tensor(draw(8, 8), requires_grad=True) for _ in range(count)]
    cotangent = tensor(draw(*operation(*inputs).shape))
    return [forward(operation, inputs), with_backward(operation, inputs, cotangent)]


def overheads(**options: int) -> dict[str, tuple[Timing, Timing, Timing, Timing]]:
    """For each operation: ours forward, PyTorch's, ours with backward, PyTorch's."""
    import torch

    found = {}
    for name, operation in theirs().items():
        count = 2 if name in BINARY else 1
        us = candidates(ours[name], mg.tensor, count)
        them = candidates(operation, torch.tensor, count)
        calls = dict(enumerate([us[0], them[0], us[1], them[1]]))
        times = interleaved({str(i): call for i, call in calls.items()}, **options)
        found[name] = (times["0"], times["1"], times["2"], times["3"])
    return found


def geometric_mean(ratios: list[float]) -> float:
    """The mean of ratios, which treats twice and half alike."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))
