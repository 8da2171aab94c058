"""Derivatives by finite differences, with a bound on their own error.

A central difference has two errors: truncation, h^2 |f'''| / 6, and rounding, eps |f| / h. Two
steps h and 2h give an estimate of the first, and Richardson's combination of them is better than
both; the second is known. So the bound is computed, not chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .tolerance import ROUNDINGS, assert_within, largest

__all__ = ["assert_is_derivative", "directional", "full_jacobian"]

EPS = float(np.finfo(np.float64).eps)
STEP = 2.0 ** round(np.log2(EPS) / 5)
"""About eps^(1/5), where Richardson's combination errs least; a power of two is exact."""

Arrays = Sequence[np.ndarray[Any, Any]]


def directional(
    f: Callable[..., Any], inputs: Arrays, direction: Arrays, terms: int = 1
) -> tuple[Any, float]:
    """The derivative of f at `inputs` along `direction`, and a bound on its error.

    f takes and returns float64 arrays. A bound that is not small against the values means that the
    point lies next to a kink or a pole, and fails.
    """

    def at(step: float) -> Any:
        pairs = zip(inputs, direction, strict=True)
        moved = [x + step * v if x.dtype.kind in "fc" else x for x, v in pairs]
        return np.asarray(f(*moved), dtype=np.float64)

    near, far = ((at(h) - at(-h)) / (2 * h) for h in (STEP, 2 * STEP))
    magnitude = largest(at(0.0), near)
    rounding = ROUNDINGS * EPS * max(1, terms) * magnitude / STEP
    truncation = float(np.max(np.abs(near - far), initial=0.0))
    bound = truncation + rounding
    assert bound < 1e-3 * magnitude, f"a kink or a pole lies within {STEP:.2g} of {inputs}"
    return (4 * near - far) / 3, bound


def assert_is_derivative(
    actual: Any, f: Callable[..., Any], inputs: Arrays, direction: Arrays, what: str, terms: int = 1
) -> None:
    """Fail unless `actual` is the derivative of f along `direction`, by finite differences."""
    numeric, bound = directional(f, inputs, direction, terms)
    assert_within(
        actual, numeric, bound, f"{what} (expected is the finite difference, good to {bound:.2g})"
    )


def full_jacobian(
    f: Callable[..., Any], inputs: Arrays, i: int, terms: int = 1
) -> tuple[np.ndarray[Any, Any], float]:
    """The derivative of f by each element of input i, (*value.shape, *input.shape); a bound."""
    columns, bound = [], 0.0
    for place in np.ndindex(inputs[i].shape):
        direction = [np.zeros_like(x) for x in inputs]
        direction[i][place] = 1.0
        column, error = directional(f, inputs, direction, terms)
        columns.append(column)
        bound = max(bound, error)
    value = np.asarray(f(*inputs))
    if not columns:
        return np.zeros((*value.shape, *inputs[i].shape)), bound
    stacked = np.stack(columns, axis=-1)
    return stacked.reshape((*value.shape, *inputs[i].shape)), bound
