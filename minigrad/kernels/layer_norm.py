"""Layer norm and group norm on NumPy: rows that fit the cache at a time, in place.

What `standardize` in `minigrad.nn.functional.normalization` defines.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .memory import new_array
from .rows import Rows, contiguous, rows_of
from .scratch import scratch
from .threads import parallel_for

__all__ = ["standardize", "standardize_vjp"]

BLOCK = 65536
"""So many elements are gone over at a time."""

row_sums: Any = np.add.reduce


def standardize(x: Any, weight: Any, bias: Any, *, axis: Any, eps: float) -> Any:
    """y, the mean in two words, and the inverse of the standard deviation."""
    seen = rows_of(x, axis, weight, bias)
    if seen is None:
        return NotImplemented
    shape = seen.rows, seen.length
    rows, result = contiguous(x, shape), new_array(x.shape, x.dtype)
    y = result.reshape(shape)
    mean, low = np.empty((2, seen.rows, 1), x.dtype)
    inv_std = np.empty((seen.rows, 1))
    step, count = blocks_of(seen)

    def work(first: int, last: int) -> None:
        for i in range(first * step, min(last * step, seen.rows), step):
            part, out, at = rows[i : i + step], y[i : i + step], slice(i, i + step)
            rough = means(part)
            np.subtract(part, rough, out=out)
            missed = means(out)
            out -= missed
            np.add(rough, missed, out=mean[at])
            np.subtract(missed, mean[at] - rough, out=low[at])
            squares = np.multiply(out, out, out=scratch("squares", out.shape, x.dtype))
            inv_std[at] = 1 / np.sqrt(means(squares).astype(np.float64) + eps)
            out *= inv_std[at].astype(x.dtype)
            each = runs(seen, out)
            if weight is not None:
                each *= along(seen, weight)
            if bias is not None:
                each += along(seen, bias)

    parallel_for(work, count, work=4 * x.size)
    kept = x.shape[: x.ndim - len(axis)] + (1,) * len(axis)
    return result, *[v.reshape(kept) for v in (mean, low, inv_std)]


def standardize_vjp(
    g: Any, y: Any, residuals: Any, x: Any, weight: Any, bias: Any, *, axis: Any, eps: float
) -> Any:
    """What reaches x, the weight and the bias."""
    seen = rows_of(x, axis, weight, bias)
    if seen is None or g.dtype != x.dtype:
        return NotImplemented
    shape = seen.rows, seen.length
    gs, rows, by_x = contiguous(g, shape), contiguous(x, shape), new_array(x.shape, x.dtype)
    outs = by_x.reshape(shape)
    mean, low, inv_std = (v.reshape(-1, 1).astype(x.dtype, copy=False) for v in residuals)
    step, count = blocks_of(seen)
    by_weight: Any = None if weight is None else np.zeros((count, *weight.shape))
    by_bias: Any = None if bias is None else np.zeros((count, *bias.shape))

    def work(first: int, last: int) -> None:
        for b in range(first, last):
            at = slice(b * step, (b + 1) * step)
            part, out = gs[at], outs[at]
            product = scratch("products", out.shape, x.dtype)
            x_hat = scratch("x_hat", out.shape, x.dtype)
            np.subtract(rows[at], mean[at], out=x_hat)
            x_hat -= low[at]
            x_hat *= inv_std[at]
            np.multiply(part, x_hat, out=product)
            if weight is not None:
                by_weight[b] = over_runs(seen, product).reshape(weight.shape)
            if bias is not None:
                by_bias[b] = over_runs(seen, part).reshape(bias.shape)
            if weight is not None:
                np.multiply(runs(seen, part), along(seen, weight), out=runs(seen, out))
                np.multiply(out, x_hat, out=product)
                part = out
            x_hat *= means(product)
            np.subtract(part, means(part), out=out)
            out -= x_hat
            out *= inv_std[at]

    parallel_for(work, count, work=8 * x.size)
    gradient = lambda sums, v: None if v is None else sums.sum(axis=0).astype(v.dtype)
    return by_x, gradient(by_weight, weight), gradient(by_bias, bias)


def blocks_of(seen: Rows) -> tuple[int, int]:
    """How many rows are a block, and how many blocks there are; all weights meet in a block."""
    whole = seen.weights * seen.run // seen.length
    step = max(1, BLOCK // (seen.length * whole)) * whole
    return step, -(-seen.rows // step)


def means(rows: Any) -> Any:
    """The mean of each row; NumPy adds up its values in pairs."""
    return row_sums(rows, 1, None, None, True) / rows.dtype.type(rows.shape[1])


def runs(seen: Rows, rows: Any) -> Any:
    """Rows as (..., weights, elements that share a weight); without the last axis if it is 1."""
    shape = (-1, seen.weights) if seen.run == 1 else (-1, seen.weights, seen.run)
    return rows.reshape(shape)


def along(seen: Rows, v: Any) -> Any:
    """A weight or bias as it meets `runs`."""
    return v.reshape(-1) if seen.run == 1 else v.reshape(-1, 1)


def over_runs(seen: Rows, rows: Any) -> Any:
    """The sum for each weight."""
    each = runs(seen, rows)
    return row_sums(each if seen.run == 1 else row_sums(each, 2), 0)
