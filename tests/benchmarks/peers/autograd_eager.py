"""HIPS/autograd: functions of NumPy's arrays, traced at every call."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import make_vjp, value_and_grad

from minigrad.bench import BatchNormProblem, Candidate, MLPProblem
from minigrad.bench.mlp import RATE

__all__ = ["NAME", "batch_norm", "mlp_step"]

NAME = "autograd"


def batch_norm(problem: BatchNormProblem) -> Candidate:
    """The textbook's forward, no running statistics; it has no batch norm of its own."""
    x, g, weight, bias = problem
    axes = (0, *range(2, x.ndim))
    shape = (1, -1, *(1,) * (x.ndim - 2))

    def normalised(arguments: Any) -> Any:
        x, weight, bias = arguments
        centred = x - anp.mean(x, axes, keepdims=True)
        var = anp.mean(centred * centred, axes, keepdims=True)
        x_hat = centred / anp.sqrt(var + np.float32(1e-5))
        return x_hat * anp.reshape(weight, shape) + anp.reshape(bias, shape)

    recorded = make_vjp(normalised)

    def call() -> tuple[Any, ...]:
        pullback, y = recorded((x, weight, bias))
        return y, *pullback(g)

    return call


def mlp_step() -> Candidate:
    """The parameters in two lists, changed in place."""
    weights, biases, x, t = MLPProblem.drawn()

    def loss_of(parameters: Any) -> Any:
        (w0, w1, w2), (b0, b1, b2) = parameters
        h = anp.tanh(anp.dot(x, w0) + b0)
        h = anp.tanh(anp.dot(h, w1) + b1)
        return anp.mean((anp.dot(h, w2) + b2 - t) ** 2)

    both = value_and_grad(loss_of)

    def step() -> float:
        loss, gradients = both((weights, biases))
        for ps, gs in zip((weights, biases), gradients, strict=True):
            for p, g in zip(ps, gs, strict=True):
                p -= RATE * g
        return float(loss)

    return step
