"""A training step of the MLP 2-16-16-1: batch 32, tanh, mean squared error, SGD, float32.

Where arrays are this small, what is measured is the cost of the framework itself.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F

__all__ = ["steps"]

SIZES = (2, 16, 16, 1)
RATE = 0.01


def problem() -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    weights = [rng.normal(scale=a**-0.5, size=(a, b)).astype("float32") for a, b in pairwise(SIZES)]
    biases = [np.zeros(b, "float32") for b in SIZES[1:]]
    x = rng.normal(size=(32, 2)).astype("float32")
    t = rng.normal(size=(32, 1)).astype("float32")
    return weights, biases, x, t


def numpy_step() -> Callable[[], float]:
    """Forward and backward written out by hand."""
    (w0, w1, w2), (b0, b1, b2), x, t = problem()
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


def tensor_step() -> Callable[[], float]:
    """minigrad's Tensors, the update by hand."""
    weights, biases, *data = problem()
    w = [mg.tensor(a, requires_grad=True) for a in weights]
    b = [mg.tensor(a, requires_grad=True) for a in biases]
    x, t = map(mg.tensor, data)

    def step() -> float:
        h = mg.tanh(x @ w[0] + b[0])
        h = mg.tanh(h @ w[1] + b[1])
        loss = mg.mean((h @ w[2] + b[2] - t) ** 2)
        loss.backward()
        with mg.no_grad():
            for p in (*w, *b):
                p -= RATE * p.grad
                p.grad = None
        return float(loss.detach())

    return step


def nn_step() -> Callable[[], float]:
    """minigrad's nn and optim."""
    weights, biases, *data = problem()
    model = nn.Sequential(
        nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )
    for layer, w, b in zip((model[0], model[2], model[4]), weights, biases, strict=True):
        layer.load_state_dict({"weight": w.T.copy(), "bias": b})
    optimizer = optim.SGD(model.parameters(), lr=RATE)
    x, t = map(mg.tensor, data)

    def step() -> float:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), t)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def torch_tensor_step() -> Callable[[], float]:
    """PyTorch's Tensors, eager, the update by hand."""
    import torch

    weights, biases, *data = problem()
    w = [torch.tensor(a, requires_grad=True) for a in weights]
    b = [torch.tensor(a, requires_grad=True) for a in biases]
    x, t = map(torch.tensor, data)

    def step() -> float:
        h = torch.tanh(x @ w[0] + b[0])
        h = torch.tanh(h @ w[1] + b[1])
        loss = torch.mean((h @ w[2] + b[2] - t) ** 2)
        loss.backward()
        with torch.no_grad():
            for p in (*w, *b):
                p -= RATE * p.grad
                p.grad = None
        return float(loss.detach())

    return step


def torch_nn_step() -> Callable[[], float]:
    """PyTorch's nn and optim, eager."""
    import torch
    from torch import nn, optim

    weights, biases, *data = problem()
    model = nn.Sequential(
        nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )
    with torch.no_grad():
        for layer, w, b in zip((model[0], model[2], model[4]), weights, biases, strict=True):
            layer.weight.copy_(torch.tensor(w.T.copy()))
            layer.bias.copy_(torch.tensor(b))
    optimizer = optim.SGD(model.parameters(), lr=RATE)
    x, t = map(torch.tensor, data)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), t)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def steps() -> dict[str, Callable[[], float]]:
    """Every candidate that is installed, checked to descend along the same losses."""
    made = {"NumPy by hand": numpy_step, "Tensor": tensor_step, "nn, optim": nn_step}
    try:
        import torch

        torch.set_num_threads(1)
        made |= {"PyTorch": torch_tensor_step, "PyTorch nn, optim": torch_nn_step}
    except ImportError:
        pass
    expected = numpy_step()
    losses = [expected() for _ in range(20)]
    for name, make in made.items():
        step = make()
        np.testing.assert_allclose([step() for _ in range(20)], losses, rtol=1e-4, err_msg=name)
    return {name: make() for name, make in made.items()}
