"""Batch norm in training: forward, backward, and the running statistics."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from .libraries import Library
from .timing import Candidate

__all__ = ["BatchNormProblem", "SHAPES", "SMALL", "batch_norm"]

SHAPES = (
    (32, 64, 56, 56),
    (64, 32, 16, 16),
    (128, 256, 8, 8),
    (16, 16, 8, 8),
    (4096, 512),
    (256, 128),
    (64, 64, 100),
)
"""From the first layers of a net for images to the last, fully connected nets, sequences."""
SMALL = ((5, 3), (5, 3, 4), (5, 3, 4, 4))


class BatchNormProblem(NamedTuple):
    """What a layer is given: input, gradient of its output, weight and bias."""

    x: Any
    g: Any
    weight: Any
    bias: Any

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> BatchNormProblem:
        """One drawn in float32, the channels second."""
        rng = numpy.random.default_rng(0)
        sizes = (shape, shape, shape[1], shape[1])
        return cls(*(rng.standard_normal(size, "float32") for size in sizes))


def batch_norm(library: Library, problem: BatchNormProblem) -> Candidate:
    """The layer of this library: returns its output, and gradients of input, weight and bias."""
    kind = library.batch_norm(problem.x.ndim)
    state = {"weight": problem.weight, "bias": problem.bias}
    layer = library.load(kind(problem.x.shape[1]), state)
    x = library.tensor(problem.x, requires_grad=True)
    g = library.tensor(problem.g)
    leaves = (x, layer.weight, layer.bias)

    def call() -> tuple[Any, ...]:
        for leaf in leaves:
            leaf.grad = None
        y = layer(x)
        y.backward(g)
        library.wait()
        return (y, *(leaf.grad for leaf in leaves))

    return call
