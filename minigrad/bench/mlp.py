"""A training step of the MLP 2-16-16-1: batch 32, tanh, mean squared error, SGD, float32.

Where arrays are this small, what is measured is the cost of the framework itself.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy

from .capturing import stepping
from .libraries import Library
from .timing import Candidate

__all__ = ["MLPProblem", "RATE", "mlp_nn_step", "mlp_tensor_step"]

SIZES = (2, 16, 16, 1)
RATE = 0.01


class MLPProblem(NamedTuple):
    """Weights of shape (in, out), biases, input and target."""

    weights: list[Any]
    biases: list[Any]
    x: Any
    t: Any

    @classmethod
    def drawn(cls) -> MLPProblem:
        """The one problem that every candidate begins with, in arrays of its own."""
        rng = numpy.random.default_rng(0)
        weights = [
            rng.normal(scale=a**-0.5, size=(a, b)).astype("float32") for a, b in pairwise(SIZES)
        ]
        biases = [numpy.zeros(b, "float32") for b in SIZES[1:]]
        x = rng.standard_normal((32, 2), "float32")
        return cls(weights, biases, x, rng.standard_normal((32, 1), "float32"))


def mlp_tensor_step(library: Library) -> Candidate:
    """With the library's Tensors, the update by hand: returns the loss."""
    weights, biases, *data = MLPProblem.drawn()
    w = [library.tensor(a, requires_grad=True) for a in weights]
    b = [library.tensor(a, requires_grad=True) for a in biases]
    x, t = map(library.tensor, data)
    tanh, mean, no_grad = (getattr(library.namespace, n) for n in ("tanh", "mean", "no_grad"))

    def step() -> float:
        h = tanh(x @ w[0] + b[0])
        h = tanh(h @ w[1] + b[1])
        loss = mean((h @ w[2] + b[2] - t) ** 2)
        loss.backward()
        with no_grad():
            for p in (*w, *b):
                p -= RATE * p.grad
                p.grad = None
        return float(loss.detach())

    return step


def mlp_nn_step(library: Library, *, captured: bool = False) -> Candidate:
    """With the library's nn and optim: returns the loss."""
    nn = library.nn
    weights, biases, *data = MLPProblem.drawn()
    model = nn.Sequential(
        nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )
    state = {f"{2 * i}.weight": w.T.copy() for i, w in enumerate(weights)}
    state |= {f"{2 * i}.bias": b for i, b in enumerate(biases)}
    library.load(model, state)
    optimizer = library.optim.SGD(model.parameters(), lr=RATE)
    x, t = map(library.tensor, data)

    def step(x: Any, t: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), t)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return stepping(step, x, t, captured=captured)
