"""tinygrad on the CPU: the step captured by its TinyJit. It compiles by clang."""

from __future__ import annotations

import os

# Read when tinygrad is imported; otherwise it looks for a GPU.
os.environ.setdefault("DEV", "CPU")

from tinygrad import Device, Tensor, TinyJit

from minigrad.bench import BatchNormProblem, Candidate, MLPProblem
from minigrad.bench.mlp import RATE

__all__ = ["NAME", "batch_norm", "mlp_step"]

NAME = "tinygrad"


def batch_norm(problem: BatchNormProblem) -> Candidate:
    """The formula of its own layer, asked for gradients; no running statistics."""
    x, g, weight, bias = map(Tensor, problem)
    axes = (0, *range(2, x.ndim))
    shape = (1, -1, *(1,) * (x.ndim - 2))

    @TinyJit
    def both(x: Tensor, weight: Tensor, bias: Tensor, g: Tensor) -> tuple[Tensor, ...]:
        centred = x - x.mean(axes, keepdim=True)
        var = (centred * centred).mean(axes, keepdim=True)
        y = centred * (var + 1e-5).rsqrt() * weight.reshape(shape) + bias.reshape(shape)
        values = (y, *y.gradient(x, weight, bias, gradient=g))
        return tuple(value.realize() for value in values)

    def call() -> tuple[Tensor, ...]:
        values = both(x, weight, bias, g)
        Device[Device.DEFAULT].synchronize()
        return values

    return call


def mlp_step() -> Candidate:
    """The parameters assigned inside the captured step."""
    weights, biases, *data = MLPProblem.drawn()
    w, b = ([Tensor(a).realize() for a in arrays] for arrays in (weights, biases))
    x, t = (Tensor(a).realize() for a in data)

    @TinyJit
    def update(x: Tensor, t: Tensor) -> Tensor:
        h = (x @ w[0] + b[0]).tanh()
        h = (h @ w[1] + b[1]).tanh()
        loss = ((h @ w[2] + b[2] - t) ** 2).mean()
        gradients = loss.gradient(*w, *b)
        for p, g in zip((*w, *b), gradients, strict=True):
            p.assign(p - RATE * g)
        return loss.realize(*w, *b)

    return lambda: update(x, t).item()
