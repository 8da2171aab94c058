"""Batch norm by given statistics, compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.extend import new_array

from .runs import as_rows, run, vector
from .views import Axes, is_taken, seen_as

__all__ = ["bias_vjp", "forward", "scale_vjp"]


def forward(x: Any, mean: Any, scale: Any, bias: Any = None, *, axes: Axes) -> Any:
    """What `minigrad_bn.evaluation.forward` returns."""
    if not is_taken(x, axes, mean, bias):
        return NotImplemented
    (shape, _), dtype = seen_as(x.shape, axes), x.dtype
    n, y = shape[1], new_array(x.shape, dtype)
    vectors = vector(mean, n, 0.0, dtype), np.zeros(n, dtype), vector(scale, n, 1.0, dtype)
    shift = vector(bias, n, 0.0, dtype)
    run("scale_and_shift", shape, as_rows(x, shape), *vectors, shift, y.reshape(shape))
    return y


def scale_vjp(
    g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any = None, *, axes: Axes
) -> Any:
    """What `minigrad_bn.evaluation.scale_vjp` returns: sum(g (x - mean))."""
    if not is_taken(x, axes, g, mean):
        return NotImplemented
    return sums(g, x, mean, axes)[1].reshape(scale.shape).astype(scale.dtype)


def bias_vjp(g: Any, y: Any, x: Any, mean: Any, scale: Any, bias: Any, *, axes: Axes) -> Any:
    """What `minigrad_bn.evaluation.bias_vjp` returns: sum(g)."""
    if not is_taken(g, axes, bias):
        return NotImplemented
    return sums(g, g, None, axes)[0].reshape(bias.shape).astype(bias.dtype)


def sums(g: Any, x: Any, mean: Any, axes: Axes) -> tuple[Any, Any]:
    """sum(g) and sum(g (x - mean)) of each channel, in float64."""
    shape, _ = seen_as(x.shape, axes)
    n = shape[1]
    centre, rest = vector(mean, n, 0.0, x.dtype), np.zeros(n, x.dtype)
    found = np.empty(n), np.empty(n)
    run("products", shape, as_rows(g, shape), as_rows(x, shape), centre, rest, *found)
    return found
