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
repeated = range(20)


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


def forward(operation: Operation, inputs: list[Any]) -> Callable[[], None]:
    """The operation, recorded, again and again, as in a function that does nothing else."""
    if len(inputs) == 2:
        a, b = inputs

        def run() -> None:
            for _ in repeated:
                operation(a, b)
    else:
        (x,) = inputs

        def run() -> None:
            for _ in repeated:
                operation(x)

    return run


def with_backward(operation: Operation, inputs: list[Any], cotangent: Any) -> Callable[[], None]:
    """The operation, and the gradients of its inputs."""

    def run() -> None:
        for _ in repeated:
            operation(*inputs).backward(cotangent)
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


def overheads(rounds: int = 100) -> dict[str, tuple[Timing, Timing, Timing, Timing]]:
    """For each operation: ours forward, PyTorch's, ours with backward, PyTorch's."""
    import torch

    found = {}
    for name, operation in theirs().items():
        count = 2 if name in BINARY else 1
        us = candidates(ours[name], mg.tensor, count)
        them = candidates(operation, torch.tensor, count)
        calls = {"0": us[0], "1": them[0], "2": us[1], "3": them[1]}
        times = interleaved(calls, rounds=rounds, calls=2)
        found[name] = tuple(
            Timing([t / len(repeated) for t in times[i].rounds]) for i in ("0", "1", "2", "3")
        )
    return found


def geometric_mean(ratios: list[float]) -> float:
    """The mean of ratios, which treats twice and half alike."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))
