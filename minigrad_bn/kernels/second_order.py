"""The gradients of batch norm as operations, and their explicit rules, compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.extend import new_array

from .runs import as_rows, run, vector
from .views import Axes, is_taken, seen_as

__all__ = ["weight_gradient", "x_gradient", "x_gradient_vjp"]


def moments(x: Any, shape: tuple[int, int, int], eps: float) -> tuple[Any, Any, Any]:
    """`mean, low, inv_std` of each channel."""
    n, dtype = shape[1], x.dtype
    mean, low, var, inv_std = np.empty(n, dtype), np.empty(n, dtype), np.empty(n), np.empty(n)
    run("moments", shape, x, float(eps), mean, low, var, inv_std)
    return mean, low, inv_std


def x_gradient(
    g: Any, x: Any, weight: Any = None, mask: Any = None, *, axes: Axes, eps: float
) -> Any:
    """What `minigrad_bn.second_order.x_gradient_forward` returns: gamma i P(g), and statistics."""
    if mask is not None or not is_taken(x, axes, g, weight):
        return NotImplemented
    shape, statistics = seen_as(x.shape, axes)
    n, by_x, rows = shape[1], new_array(x.shape, x.dtype), as_rows(x, shape)
    found, gamma = moments(rows, shape, eps), vector(weight, n, 1.0, np.float64)
    unused = np.empty(n), np.empty(n)
    run("pull_back", shape, as_rows(g, shape), rows, gamma, *found, by_x.reshape(shape), *unused)
    return by_x, *[v.reshape(statistics) for v in found]


def x_gradient_vjp(
    u: Any,
    y: Any,
    residuals: Any,
    g: Any,
    x: Any,
    weight: Any = None,
    mask: Any = None,
    *,
    axes: Axes,
    eps: float,
) -> Any:
    """What `minigrad_bn.second_order.x_gradient_vjp` returns."""
    if mask is not None or not is_taken(x, axes, u, g, weight):
        return NotImplemented
    shape, _ = seen_as(x.shape, axes)
    n = shape[1]
    mean, low, inv_std = (v.reshape(n) for v in residuals)
    by_g, by_x, by_weight = new_array(x.shape, x.dtype), new_array(x.shape, x.dtype), np.empty(n)
    arrays = [as_rows(a, shape) for a in (u, g, x)]
    found = by_g.reshape(shape), by_x.reshape(shape), by_weight
    gamma = vector(weight, n, 1.0, np.float64)
    run("pull_back_twice", shape, *arrays, gamma, mean, low, inv_std, *found)
    return by_g, by_x, None if weight is None else by_weight.astype(weight.dtype)


def weight_gradient(g: Any, x: Any, mask: Any = None, *, axes: Axes, eps: float) -> Any:
    """What `minigrad_bn.second_order.weight_gradient_forward` returns: sum(g x_hat)."""
    if mask is not None or not is_taken(x, axes, g):
        return NotImplemented
    shape, statistics = seen_as(x.shape, axes)
    rows = as_rows(x, shape)
    mean, low, inv_std = found = moments(rows, shape, eps)
    sum_g, sum_gc = np.empty(shape[1]), np.empty(shape[1])
    run("products", shape, as_rows(g, shape), rows, mean, low, sum_g, sum_gc)
    return (sum_gc * inv_std).astype(g.dtype), *[v.reshape(statistics) for v in found]
