"""One operation on arrays so small (8x8, float32) that the framework is what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from .libraries import Library
from .timing import Candidate

__all__ = ["OPERATIONS", "REPEATED", "forward", "with_backward"]

OPERATIONS = ("add", "multiply", "matmul", "sum", "exp", "reshape", "getitem", "softmax")
BINARY = ("add", "multiply", "matmul")
REPEATED = 20
"""How often a call of a candidate does the operation."""


def operation(library: Library, name: str) -> Callable[..., Any]:
    """The function of this name, as a function of Tensors alone."""
    match name:
        case "reshape":
            reshape = library.namespace.reshape
            return lambda x: reshape(x, (4, 16))
        case "getitem":
            return lambda x: x[1:5, 2]
        case "softmax":
            return library.softmax
    function: Callable[..., Any] = getattr(library.namespace, name)
    return function


def inputs(library: Library, name: str) -> list[Any]:
    rng = numpy.random.default_rng(0)
    count = 2 if name in BINARY else 1
    draws = [rng.uniform(0.5, 1.5, (8, 8)).astype("float32") for _ in range(count)]
    return [library.tensor(a, requires_grad=True) for a in draws]


def forward(library: Library, name: str) -> Candidate:
    """The operation, recorded, again and again, as in a function that does nothing else."""
    function, repeated, wait = operation(library, name), range(REPEATED), library.wait
    # Written out: a call with *inputs would be measured too.
    if name in BINARY:
        a, b = inputs(library, name)

        def run() -> Any:
            for _ in repeated:
                y = function(a, b)
            wait()
            return y
    else:
        (x,) = inputs(library, name)

        def run() -> Any:
            for _ in repeated:
                y = function(x)
            wait()
            return y

    return run


def with_backward(library: Library, name: str) -> Candidate:
    """The operation, and the gradients of its inputs, which are returned."""
    function, repeated, wait = operation(library, name), range(REPEATED), library.wait
    leaves = inputs(library, name)
    rng = numpy.random.default_rng(1)
    shape = tuple(function(*leaves).shape)
    g = library.tensor(rng.uniform(0.5, 1.5, shape).astype("float32"))

    def run() -> Any:
        for _ in repeated:
            for x in leaves:
                x.grad = None
            function(*leaves).backward(g)
        wait()
        return tuple(x.grad for x in leaves)

    return run
