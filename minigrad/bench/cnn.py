"""A training step of a small CNN, as one would train digits.

Two blocks of convolution 3x3, batch norm, ReLU and max pooling, with 16 and 32 channels; a linear
layer; cross-entropy; Adam. Batch 64 of images 28x28, float32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from .capturing import stepping
from .libraries import Library
from .timing import Candidate

__all__ = ["CNNProblem", "RATE", "cnn_step"]

CLASSES = 10
RATE = 1e-3
names = ("0.weight", "1.weight", "1.bias", "4.weight", "5.weight", "5.bias", "9.weight", "9.bias")


class CNNProblem(NamedTuple):
    """The net's parameters by their names in it, images, and their classes."""

    state: dict[str, Any]
    x: Any
    t: Any

    @classmethod
    def of(cls, batch: int = 64, size: int = 28, channels: tuple[int, int] = (16, 32)) -> Any:
        """One drawn; `size` is a multiple of 4."""
        rng = numpy.random.default_rng(0)
        one, two = channels
        features = two * (size // 4) ** 2

        def normal(*shape: int) -> Any:
            return rng.standard_normal(shape, "float32") / numpy.prod(shape[1:]) ** 0.5

        shapes = ((one, 1, 3, 3), (two, one, 3, 3), (CLASSES, features))
        weights = [normal(*shape).astype("float32") for shape in shapes]
        ones = [numpy.ones(n, "float32") for n in channels]
        zeros = [numpy.zeros(n, "float32") for n in (*channels, CLASSES)]
        arrays = (
            *(weights[0], ones[0], zeros[0]),
            *(weights[1], ones[1], zeros[1]),
            *(weights[2], zeros[2]),
        )
        x = rng.standard_normal((batch, 1, size, size), "float32")
        return cls(dict(zip(names, arrays, strict=True)), x, rng.integers(0, CLASSES, batch))


def cnn_step(library: Library, problem: CNNProblem, *, captured: bool = False) -> Candidate:
    """With the library's nn and optim: returns the loss."""
    nn = library.nn
    one, two = (len(problem.state[name]) for name in ("1.weight", "5.weight"))
    features = problem.state["9.weight"].shape[1]
    # A bias in front of batch norm does nothing.
    model = nn.Sequential(
        nn.Conv2d(1, one, 3, padding=1, bias=False),
        library.batch_norm(4)(one),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(one, two, 3, padding=1, bias=False),
        library.batch_norm(4)(two),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(features, CLASSES),
    )
    library.load(model, problem.state)
    optimizer = library.optim.Adam(model.parameters(), lr=RATE)
    x, t = library.tensor(problem.x), library.tensor(problem.t)

    def step(x: Any, t: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return stepping(step, x, t, captured=captured)
