"""How far apart may two results be? Derived from the arithmetic, and never tuned to a test.

Every result here is a sum of products of a few elementary functions. Computed in floating point,
each function is off by a few units in the last place, and each addition by half a unit of the
largest partial sum, so that

    |error| <= ROUNDINGS * eps(dtype) * terms * magnitude

where `terms` counts the summands behind one element and `magnitude` bounds them. Both sides of a
comparison err, hence the factor two in ROUNDINGS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Tolerance", "assert_close", "assert_within", "largest"]

ROUNDINGS = 2 * 4 * 4
"""Two sides, up to four elementary functions in a row, each within four units in the last place."""


@dataclass(frozen=True)
class Tolerance:
    """The error that rounding explains."""

    dtype: np.dtype[Any]
    terms: int
    magnitude: float

    @property
    def allowed(self) -> float:
        return ROUNDINGS * float(np.finfo(self.dtype).eps) * self.terms * self.magnitude

    def __str__(self) -> str:
        eps = np.finfo(self.dtype).eps
        return (
            f"{self.allowed:.3g} = {ROUNDINGS} roundings x eps({self.dtype}) {eps:.2g} x "
            f"{self.terms} terms x magnitude {self.magnitude:.3g}"
        )


def largest(*arrays: Any) -> float:
    """The largest finite magnitude among the elements of all arrays, at least 1."""
    found = 1.0
    for array in arrays:
        finite = np.abs(np.asarray(array))
        finite = finite[np.isfinite(finite)]
        found = max(found, float(np.max(finite, initial=0.0)))
    return found


def assert_close(
    actual: Any,
    expected: Any,
    what: str,
    *,
    dtype: Any = None,
    terms: int = 1,
    magnitude: float = 1.0,
) -> None:
    """Fail unless `actual` is `expected` up to rounding.

    `dtype` is the precision that `actual` was computed in (its own unless given), `magnitude` what
    intermediate results reach; the magnitude of `expected` always counts.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    dtype = np.dtype(dtype or actual.dtype)
    if dtype.kind not in "fc":
        assert actual.shape == expected.shape, f"{what}: {actual.shape} != {expected.shape}"
        np.testing.assert_array_equal(actual, expected, err_msg=what)
        return
    tolerance = Tolerance(dtype, max(1, terms), max(magnitude, largest(expected)))
    assert_within(actual, expected, tolerance.allowed, f"{what}: allowed {tolerance}")


def assert_within(actual: Any, expected: Any, allowed: float, what: str) -> None:
    """Fail where `actual` is farther than `allowed` from `expected`; NaN and inf have to agree."""
    actual, expected = (np.asarray(a) for a in (actual, expected))
    wide = np.result_type(actual, expected, np.float64)
    actual, expected = actual.astype(wide), expected.astype(wide)
    assert actual.shape == expected.shape, f"{what}\nshape {actual.shape} != {expected.shape}"
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        error = np.where(same, 0.0, np.abs(actual - expected))
    worst = float(np.max(error, initial=0.0))
    assert worst <= allowed, f"{what}\noff by {worst:.3g}\nactual:\n{actual}\nexpected:\n{expected}"
