"""How far are we, and PyTorch, from the truth? Errors in units in the last place, by channel.

The truth is float64's answer to the float32 question. Errors are counted in units: one unit is
eps(float32) times the size of the largest term that the formula adds up,

    y          |gamma| max|x_hat| + |beta|
    d/dx       |gamma| i (max|g| + |mean(g)| + max|x_hat| |mean(g x_hat)|)
    d/dgamma   sqrt(sum (g x_hat)^2)
    d/dbeta    sqrt(sum g^2)

(a sum of m terms of random signs is that large). The mean of x is nowhere among the terms: what an
offset costs shows up as error. `ROUNDINGS` are the units that our arithmetic can reach, half a one
for each rounding on the way to a value: two in centring; one of the scale, of the product with it,
of beta's addition, and room for the variance, to y; nine to d/dx; to a sum, those of its terms and
those of its blocks, a sixth of a unit in the mean square and five times that at the very worst.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.testing.oracles import torch_derivatives
from minigrad_bn.training import batch_norm_training

__all__ = ["NAMES", "ROUNDINGS", "errors", "ours", "pytorchs", "truth_and_units"]

Array = np.ndarray
Values = dict[str, Array]

ROUNDINGS = {"y": 3.0, "d/dx": 5.0, "d/dgamma": 5.0, "d/dbeta": 5.0}
NAMES = tuple(ROUNDINGS)


def axes_of(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def ours(x: Array, weight: Array, bias: Array, g: Array, eps: float) -> Values:
    inputs = [mg.asarray(a, requires_grad=True) for a in (x, weight, bias)]
    y, _ = batch_norm_training(*inputs, axes=axes_of(x), eps=eps)
    first = mg.autograd.grad(y, inputs, mg.asarray(g))
    return dict(zip(NAMES, [a.detach().numpy() for a in (y, *first)], strict=True))


def pytorchs(x: Array, weight: Array, bias: Array, g: Array, eps: float) -> Values:
    from torch.nn.functional import batch_norm

    y, first, _ = torch_derivatives(
        lambda *inputs: batch_norm(inputs[0], None, None, *inputs[1:], True, eps=eps),
        [x, weight, bias], (0, 1, 2), g,
    )  # fmt: skip
    return dict(zip(NAMES, [y, *first], strict=True))


def truth_and_units(
    x: Array, weight: Array, bias: Array, g: Array, eps: float
) -> tuple[Values, Values]:
    """The four values in float64, and the size of a unit of each, by channel."""
    x, weight, bias, g = (a.astype(np.float64) for a in (x, weight, bias, g))
    axes, shape = axes_of(x), (1, -1, *[1] * (x.ndim - 2))
    mean = x.mean(axis=axes, keepdims=True)
    inv_std = 1 / np.sqrt(np.mean((x - mean) ** 2, axis=axes, keepdims=True) + eps)
    x_hat, gamma = (x - mean) * inv_std, weight.reshape(shape)
    along_one, along_x_hat = (np.mean(a, axis=axes, keepdims=True) for a in (g, g * x_hat))

    def largest(a: Array) -> Array:
        return np.max(np.abs(a), axis=axes, keepdims=True)

    truth = {
        "y": gamma * x_hat + bias.reshape(shape),
        "d/dx": gamma * inv_std * (g - along_one - x_hat * along_x_hat),
        "d/dgamma": np.sum(g * x_hat, axis=axes),
        "d/dbeta": np.sum(g, axis=axes),
    }
    sizes = {
        "y": np.abs(gamma) * largest(x_hat) + np.abs(bias.reshape(shape)),
        "d/dx": np.abs(gamma) * inv_std
        * (largest(g) + np.abs(along_one) + largest(x_hat) * np.abs(along_x_hat)),
        "d/dgamma": np.sqrt(np.sum((g * x_hat) ** 2, axis=axes)),
        "d/dbeta": np.sqrt(np.sum(g**2, axis=axes)),
    }  # fmt: skip
    unit = float(np.finfo(np.float32).eps)
    tiny = float(np.finfo(np.float32).tiny)  # an error among numbers too small for a float32
    return truth, {name: unit * size.reshape(-1) + tiny for name, size in sizes.items()}


def errors(
    implementation: Callable[..., Values],
    x: Array,
    weight: Array,
    bias: Array,
    g: Array,
    eps: float,
) -> Values:
    """The largest error of an implementation in each channel, in units."""
    truth, units = truth_and_units(x, weight, bias, g, eps)
    found = implementation(x, weight, bias, g, eps)

    def worst(name: str) -> Any:
        distance = np.abs(found[name] - truth[name])
        if distance.ndim > 1:
            distance = np.max(distance, axis=axes_of(x))
        return distance / units[name]

    return {name: worst(name) for name in NAMES}
