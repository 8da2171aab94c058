"""How far rounding can carry batch norm from the truth, channel by channel.

Let u be the unit of the dtype, m the number of values, s = sqrt(var + eps), and
kappa = 1 + max|x| / s, the condition of centring: a mean that is off by u |mean| shifts x_hat by
u |mean| / s. (minigrad_bn refines its mean and does better; its oracles don't.) A sum of m terms
is off by at most m u times their size (Higham 2002, chapter 4). So with g and second cotangents h
of size G and H, h_w for the weight, and x_hat of size X, errors stay below C m u times

    y          kappa |gamma| + |beta|
    d/dbias    G
    d/dweight  G kappa
    d/dx       |gamma| G kappa (1 + X) / s
    second x   (|gamma| G H / s + H_w G) kappa (1 + X)^2 / s
    second g   (|gamma| H / s + H_w) kappa (1 + X) + H_b
    second w   m G H kappa (1 + X) / s

which are sizes of the terms that the formulas add up, times kappa. Nothing here is relative to the
result: for m = 2 the true d/dx is of the order of eps, and a relative error means nothing
(https://github.com/pytorch/pytorch/issues/34546).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.tolerance import ROUNDINGS

from .cases import Case

__all__ = ["Bounds", "assert_near", "bounds_of", "bounds_of_statistics"]

Array = np.ndarray


@dataclass(frozen=True)
class Bounds:
    """What errors may reach: `y` and `x` to broadcast against x, the others one a channel."""

    y: Array
    x: Array
    weight: Array
    bias: Array
    second_x: Array
    second_g: Array
    second_weight: Array

    @property
    def first(self) -> list[Array]:
        return [self.x, self.weight, self.bias]

    @property
    def second(self) -> list[Array]:
        """For the derivatives of <gradients, directions> by x, weight, bias and g."""
        return [self.second_x, self.second_weight, np.zeros_like(self.bias), self.second_g]


def bounds_of(
    case: Case,
    *,
    dtype: Any = None,
    evaluation: bool = False,
    directions: Sequence[Array] | None = None,
    refined: bool = False,
) -> Bounds:
    """The bounds for a case, computed in `dtype` (that of x unless given).

    With `evaluation`, by the running variance; `directions` are the second cotangents of (x,
    weight, bias); `refined` leaves kappa out, as an exact oracle lets us.
    """
    unit = ROUNDINGS * float(np.finfo(dtype or case.x.dtype).eps) * max(1, case.m)
    case = case.in_float64()

    def size(a: Array) -> Array:
        return np.max(np.abs(a), axis=case.axes, initial=0.0)

    var = case.running_var if evaluation else np.var(case.x, axis=case.axes)
    s = np.sqrt(var + case.eps)
    centre = case.wide(case.running_mean) if evaluation else case.x.mean(case.axes, keepdims=True)
    kappa = np.ones_like(s) if refined else 1 + (size(case.x) + size(centre)) / s
    spread = 1 + size(case.x - centre) / s
    h, h_w, h_b = case.inputs if directions is None else directions
    h, h_w, h_b = size(h.astype(np.float64)), np.abs(h_w), np.abs(h_b)
    g, w = size(case.g), np.abs(case.weight)
    return Bounds(
        y=case.wide(unit * ((kappa + spread) * w + np.abs(case.bias))),
        x=case.wide(unit * w * g * kappa * spread / s),
        weight=unit * g * (kappa + spread),
        bias=unit * g,
        second_x=case.wide(unit * (w * g * h / s + h_w * g) * kappa * spread**2 / s),
        second_g=case.wide(unit * ((w * h / s + h_w) * kappa * spread + h_b)),
        second_weight=unit * case.m * g * h * kappa * spread / s,
    )


def bounds_of_statistics(case: Case) -> list[Array]:
    """What the errors of a new running mean and variance may reach."""
    unit = ROUNDINGS * float(np.finfo(case.x.dtype).eps) * max(1, case.m)
    case = case.in_float64()
    size = np.max(np.abs(case.x), axis=case.axes, initial=0.0)
    spread = np.max(np.abs(case.x - case.x.mean(case.axes, keepdims=True)), axis=case.axes)
    return [
        unit * (size + np.abs(case.running_mean)),
        unit * (2 * spread**2 + case.running_var) + (unit * size) ** 2,
    ]


def assert_near(actual: Any, expected: Any, bound: Any, what: str) -> None:
    """Fail where `actual` is farther than `bound` from `expected`."""
    actual = np.asarray(actual)
    expected = np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, not {expected.shape}"
    error = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
    excess = error - np.broadcast_to(bound, actual.shape)
    assert np.all(excess <= 0), (
        f"{what}: off by up to {np.max(error):.3g}, bound {np.max(bound):.3g}\n"
        f"actual:\n{actual}\nexpected:\n{expected}"
    )
