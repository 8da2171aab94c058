"""Derivatives by finite differences, with a bound on their own error, on both sides of a kink.

A central difference has two errors: truncation, h^2 |f'''| / 6, and rounding, eps |f| / h. Two
steps h and 2h give an estimate of the first, and Richardson's combination of them is better than
both; the second is known. So the bound is computed, not chosen, and the step follows the dtype:
about eps^(1/5), where the combination errs least.

The same five values give the derivative from the left and from the right. Where those differ, the
function has a kink, and any number between them is a subgradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .tolerance import ROUNDINGS, assert_within, largest

__all__ = [
    "Slope",
    "UnsettledError",
    "assert_is_derivative",
    "complex_step",
    "directional",
    "full_jacobian",
    "precision_of",
    "step_for",
]

Array = np.ndarray[Any, Any]
Arrays = Sequence[Array]
Function = Callable[..., Any]

ATTEMPTS = 4
"""How often the step is divided by eight, where a kink or a pole lies within it."""


class UnsettledError(AssertionError):
    """Differences of no size agree: next to a pole or a jump there is no derivative to compare."""


@dataclass(frozen=True)
class Slope:
    """The derivative of an array along a direction, as far as differences can tell.

    `value` is good to `bound`. Where `smooth` is False, element by element, the function has a kink
    there, and any number from `low` to `high` is a subgradient.
    """

    value: Array
    left: Array
    right: Array
    bound: float
    smooth: Array

    @property
    def low(self) -> Array:
        """The smallest derivative that the differences allow."""
        return np.where(self.smooth, self.value, np.minimum(self.left, self.right)) - self.bound

    @property
    def high(self) -> Array:
        """The largest derivative that the differences allow."""
        return np.where(self.smooth, self.value, np.maximum(self.left, self.right)) + self.bound

    def allows(self, actual: Any) -> bool:
        """Whether `actual` can be the derivative, or a subgradient, everywhere."""
        actual = np.asarray(actual, dtype=np.float64)
        return bool(np.all((self.low <= actual) & (actual <= self.high)))


def step_for(dtype: Any) -> float:
    """The step of a central difference in `dtype`: a power of two near eps^(1/5), hence exact."""
    return float(2.0 ** round(np.log2(float(np.finfo(dtype).eps)) / 5))


def precision_of(arrays: Arrays) -> np.dtype[Any]:
    """The coarsest floating dtype among `arrays`: that in which a function of them computes."""
    floats = [x.dtype for x in arrays if x.dtype.kind in "fc"]
    if not floats:
        raise TypeError("finite differences: none of the inputs is floating")
    return max(floats, key=lambda dtype: float(np.finfo(dtype).eps))


def directional(f: Function, inputs: Arrays, direction: Arrays, terms: int = 1) -> Slope:
    """The derivative of f at `inputs` along `direction`.

    f takes arrays of the dtypes of `inputs`, complex ones too, and returns a real one whose
    elements add up `terms` terms.
    Raises UnsettledError where differences of no size agree: next to a pole or a jump.
    """
    dtype = precision_of(inputs)
    eps, step = float(np.finfo(dtype).eps), step_for(dtype)

    def at(t: float) -> Array:
        pairs = zip(inputs, direction, strict=True)
        moved = [(x + t * v).astype(x.dtype) if x.dtype.kind in "fc" else x for x, v in pairs]
        return np.asarray(f(*moved), dtype=np.float64)

    middle = at(0.0)
    for h in (step / 8**k for k in range(ATTEMPTS)):
        far_left, left, right, far_right = at(-2 * h), at(-h), at(h), at(2 * h)
        near, far = (right - left) / (2 * h), (far_right - far_left) / (4 * h)
        from_left = (3 * middle - 4 * left + far_left) / (2 * h)
        from_right = (4 * right - 3 * middle - far_right) / (2 * h)
        magnitude = largest(middle, near)
        rounding = ROUNDINGS * eps * max(1, terms) * magnitude / h
        bound = float(np.max(np.abs(near - far), initial=0.0)) + rounding
        smooth = np.abs(from_right - from_left) <= 4 * (bound + rounding)
        slope = Slope((4 * near - far) / 3, from_left, from_right, bound, smooth)
        if bound <= 2 * max(step * magnitude, rounding):
            break
    else:
        raise UnsettledError(
            f"finite differences do not settle: a pole or a jump lies within {h:.2g} of {inputs}"
        )
    return slope


def assert_is_derivative(
    actual: Any, f: Function, inputs: Arrays, direction: Arrays, what: str, terms: int = 1
) -> None:
    """Fail unless `actual` is the derivative of f along `direction`, or a subgradient at a kink."""
    slope = directional(f, inputs, direction, terms)
    if not slope.smooth.all():
        assert slope.allows(actual), (
            f"{what}: {actual} is no subgradient: the derivative is {slope.left} from the left and "
            f"{slope.right} from the right, good to {slope.bound:.2g}"
        )
        return
    assert_within(
        actual, slope.value, slope.bound,
        f"{what} (expected is the finite difference, good to {slope.bound:.2g})",
    )  # fmt: skip


def full_jacobian(f: Function, inputs: Arrays, i: int, terms: int = 1) -> tuple[Array, float]:
    """The derivative of f by each element of input i, (*value.shape, *input.shape); a bound."""
    columns, bound = [], 0.0
    for place in np.ndindex(inputs[i].shape):
        direction = [np.zeros_like(x) for x in inputs]
        direction[i][place] = 1.0
        slope = directional(f, inputs, direction, terms)
        columns.append(slope.value)
        bound = max(bound, slope.bound)
    value = np.asarray(f(*inputs))
    if not columns:
        return np.zeros((*value.shape, *inputs[i].shape)), bound
    return np.stack(columns, axis=-1).reshape((*value.shape, *inputs[i].shape)), bound


def complex_step(f: Function, inputs: Arrays, direction: Arrays) -> Array:
    """The derivative of a holomorphic f at real `inputs`: Im f(x + ihv) / h, free of cancellation.

    Exact to rounding, since no difference is taken (Squire and Trapp 1998,
    https://doi.org/10.1137/S003614459631241X). f takes complex128 arrays.
    """
    h = 2.0**-70
    pairs = zip(inputs, direction, strict=True)
    moved = [x + 1j * h * v if x.dtype.kind == "f" else x for x, v in pairs]
    return np.imag(np.asarray(f(*moved))) / h
