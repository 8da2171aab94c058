"""NumPy, forward and backward written out by hand: the textbook's formulas, line by line."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.bench import BatchNormProblem, Candidate, MLPProblem
from minigrad.bench.mlp import RATE

__all__ = ["NAME", "batch_norm", "mlp_step"]

NAME = "NumPy by hand"


def batch_norm(problem: BatchNormProblem) -> Candidate:
    """Forward, running statistics, and the backward pass in one formula."""
    x, g, weight, bias = problem
    axes = (0, *range(2, x.ndim))
    shape = (1, -1, *(1,) * (x.ndim - 2))
    m = x.size // x.shape[1]
    memory = {"mean": np.zeros_like(weight), "var": np.ones_like(weight)}
    w, b = weight.reshape(shape), bias.reshape(shape)

    def call() -> tuple[Any, ...]:
        mean = x.mean(axes, keepdims=True)
        centred = x - mean
        var = (centred * centred).mean(axes, keepdims=True)
        inv_std = 1 / np.sqrt(var + 1e-5)
        x_hat = centred * inv_std
        y = x_hat * w + b
        memory["mean"] = 0.9 * memory["mean"] + 0.1 * mean.reshape(-1)
        memory["var"] = 0.9 * memory["var"] + 0.1 * m / (m - 1) * var.reshape(-1)
        g_bias = g.sum(axes, keepdims=True)
        g_weight = (g * x_hat).sum(axes, keepdims=True)
        g_x = w * inv_std / m * (m * g - g_bias - x_hat * g_weight)
        return y, g_x, g_weight.reshape(-1), g_bias.reshape(-1)

    return call


def mlp_step() -> Candidate:
    """Forward and backward, the parameters changed in place."""
    (w0, w1, w2), (b0, b1, b2), x, t = MLPProblem.drawn()
    scale = np.float32(2 / len(x))

    def step() -> float:
        h1 = np.tanh(x @ w0 + b0)
        h2 = np.tanh(h1 @ w1 + b1)
        d = h2 @ w2 + b2 - t
        loss = (d * d).mean()
        g = d * scale
        dw2, db2 = h2.T @ g, g.sum(0)
        g = (g @ w2.T) * (1 - h2 * h2)
        dw1, db1 = h1.T @ g, g.sum(0)
        g = (g @ w1.T) * (1 - h1 * h1)
        dw0, db0 = x.T @ g, g.sum(0)
        for p, dp in ((w0, dw0), (w1, dw1), (w2, dw2), (b0, db0), (b1, db1), (b2, db2)):
            p -= RATE * dp
        return float(loss)

    return step
