"""Batch norm in training, compiled by numba: each value is read from memory as seldom as can be."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.extend import new_array

from .runs import as_rows, run, vector
from .views import Axes, is_taken, seen_as

__all__ = ["forward", "vjp"]


def forward(
    x: Any, weight: Any = None, bias: Any = None, mask: Any = None, *, axes: Axes, eps: float
) -> Any:
    """What `minigrad_bn.training.forward` returns."""
    if mask is not None or not is_taken(x, axes, weight, bias):
        return NotImplemented
    (shape, statistics), dtype = seen_as(x.shape, axes), x.dtype
    n, y = shape[1], new_array(x.shape, dtype)
    mean, low, var, inv_std = np.empty(n, dtype), np.empty(n, dtype), np.empty(n), np.empty(n)
    gamma, beta = vector(weight, n, 1.0, np.float64), vector(bias, n, 0.0, dtype)
    found = mean, low, var, inv_std
    run("normalise", shape, as_rows(x, shape), gamma, beta, float(eps), y.reshape(shape), *found)
    return y, *[v.reshape(statistics) for v in (mean, var, low, inv_std)]


def vjp(
    g: Any,
    y: Any,
    residuals: Any,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    mask: Any = None,
    *,
    axes: Axes,
    eps: float,
) -> Any:
    """What `minigrad_bn.training.vjp` returns."""
    if mask is not None or not is_taken(x, axes, g, weight, bias):
        return NotImplemented
    shape, _ = seen_as(x.shape, axes)
    n, by_x = shape[1], new_array(x.shape, x.dtype)
    mean, _, low, inv_std = (v.reshape(n) for v in residuals)
    sum_g, sum_g_x_hat = np.empty(n), np.empty(n)
    arrays = as_rows(g, shape), as_rows(x, shape), vector(weight, n, 1.0, np.float64)
    found = by_x.reshape(shape), sum_g, sum_g_x_hat
    run("pull_back", shape, *arrays, mean, low, inv_std, *found)
    return (
        by_x,
        None if weight is None else sum_g_x_hat.astype(weight.dtype),
        None if bias is None else sum_g.astype(bias.dtype),
    )
