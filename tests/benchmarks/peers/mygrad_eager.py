"""MyGrad: Tensors over NumPy, as ours."""

from __future__ import annotations

from typing import Any

import mygrad

from minigrad.bench import BatchNormProblem, Candidate, MLPProblem
from minigrad.bench.mlp import RATE

__all__ = ["NAME", "batch_norm", "mlp_step"]

NAME = "MyGrad"


def batch_norm(problem: BatchNormProblem) -> Candidate:
    """Its own function, which keeps no running statistics."""
    from mygrad.nnet.layers import batchnorm

    x, weight, bias = (mygrad.tensor(a) for a in (problem.x, problem.weight, problem.bias))

    def call() -> tuple[Any, ...]:
        y = batchnorm(x, gamma=weight, beta=bias, eps=1e-5)
        y.backward(problem.g)
        return y, x.grad, weight.grad, bias.grad

    return call


def mlp_step() -> Candidate:
    """The update by hand, on the arrays."""
    weights, biases, x, t = MLPProblem.drawn()
    w = [mygrad.tensor(a) for a in weights]
    b = [mygrad.tensor(a) for a in biases]

    def step() -> float:
        h = mygrad.tanh(x @ w[0] + b[0])
        h = mygrad.tanh(h @ w[1] + b[1])
        loss = mygrad.mean((h @ w[2] + b[2] - t) ** 2)
        loss.backward()
        for p in (*w, *b):
            p.data -= RATE * p.grad
        return float(loss)

    return step
