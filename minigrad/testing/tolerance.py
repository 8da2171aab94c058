"""How far apart may two results be? Derived from the arithmetic, and never tuned to a test.

Every result is a sum of products of a few elementary functions. Computed in floating point, each
function is off by a few units in the last place, and each addition by half a unit of the largest
partial sum (Higham 2002, chapter 4), so that

    |error| <= roundings * eps(dtype) * terms * magnitude * condition

where `terms` counts the summands behind one element, `magnitude` bounds them, and `condition` says
by how much the problem itself magnifies an error of its inputs. What is allowed says in the text of
a failure where it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "ROUNDINGS",
    "DifferenceError",
    "Tolerance",
    "assert_close",
    "assert_within",
    "largest",
    "ulp_difference",
]

ROUNDINGS = 2 * 4 * 4
"""Two sides, up to four elementary functions in a row, each within four units in the last place."""


@dataclass(frozen=True)
class Tolerance:
    """The error that rounding explains; `Tolerance.derived` makes one."""

    dtype: np.dtype[Any]
    terms: int
    magnitude: float
    condition: float = 1.0

    @classmethod
    def derived(
        cls,
        dtype: Any,
        terms: int = 1,
        *values: Any,
        magnitude: float = 1.0,
        condition: float = 1.0,
    ) -> Tolerance:
        """The tolerance for results of `dtype` that sum `terms` terms.

        `values` are arrays that occur on the way: the largest magnitude among them counts, and
        `magnitude` if that is larger. Raises TypeError for a dtype that is not floating.
        """
        dtype = np.dtype(dtype)
        if dtype.kind not in "fc":
            raise TypeError(f"Tolerance: rounding explains nothing in {dtype}; compare exactly")
        return cls(dtype, max(1, terms), max(magnitude, largest(*values)), max(1.0, condition))

    @property
    def allowed(self) -> float:
        """The largest absolute error."""
        eps = float(np.finfo(self.dtype).eps)
        return ROUNDINGS * eps * self.terms * self.magnitude * self.condition

    def __str__(self) -> str:
        condition = f" x condition {self.condition:.3g}" if self.condition != 1 else ""
        return (
            f"{self.allowed:.3g} = {ROUNDINGS} roundings x eps({self.dtype}) "
            f"{np.finfo(self.dtype).eps:.2g} x {self.terms} terms x magnitude "
            f"{self.magnitude:.3g}{condition}"
        )


class DifferenceError(AssertionError):
    """Two results differ by more than is allowed; `arrays` holds both."""

    def __init__(self, text: str, actual: Any, expected: Any) -> None:
        super().__init__(f"{text}\nactual:\n{actual}\nexpected:\n{expected}")
        self.arrays = {"actual": np.asarray(actual), "expected": np.asarray(expected)}


def largest(*arrays: Any) -> float:
    """The largest finite magnitude among the elements of all arrays, at least 1."""
    found = 1.0
    for array in arrays:
        magnitudes = np.abs(np.asarray(array)).astype(np.float64)
        found = max(found, float(np.max(magnitudes[np.isfinite(magnitudes)], initial=0.0)))
    return found


def assert_close(
    actual: Any,
    expected: Any,
    what: str,
    *,
    dtype: Any = None,
    terms: int = 1,
    magnitude: float = 1.0,
    condition: float = 1.0,
) -> None:
    """Fail unless `actual` is `expected` up to rounding; integers and booleans have to be equal.

    `dtype` is the precision that `actual` was computed in (its own unless given), `magnitude` what
    intermediate results reach; the magnitude of `expected` always counts.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    dtype = np.dtype(dtype or actual.dtype)
    if dtype.kind not in "fc":
        assert actual.shape == expected.shape, f"{what}: {actual.shape} != {expected.shape}"
        np.testing.assert_array_equal(actual, expected, err_msg=what)
        return
    tolerance = Tolerance.derived(dtype, terms, expected, magnitude=magnitude, condition=condition)
    assert_within(actual, expected, tolerance.allowed, f"{what}: allowed {tolerance}")


def assert_within(actual: Any, expected: Any, allowed: float, what: str) -> None:
    """Fail where `actual` is farther than `allowed` from `expected`; NaN and inf have to agree."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    wide = np.complex128 if "c" in (actual.dtype.kind, expected.dtype.kind) else np.float64
    actual, expected = actual.astype(wide), expected.astype(wide)
    assert actual.shape == expected.shape, f"{what}\nshape {actual.shape} != {expected.shape}"
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        error = np.where(same, 0.0, np.abs(actual - expected))
    worst = float(np.max(error, initial=0.0))
    if not worst <= allowed:
        raise DifferenceError(f"{what}\noff by {worst:.3g}", actual, expected)


def ulp_difference(actual: Any, expected: Any) -> np.ndarray[Any, Any]:
    """How many units in the last place of `expected`, in the dtype of `actual`, lie between them.

    Equal values and two NaN are 0 apart, a NaN and a number infinitely many.
    """
    actual = np.asarray(actual)
    truth = np.asarray(expected, dtype=np.float64)
    unit = np.spacing(np.abs(truth).astype(actual.dtype)).astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.abs(actual.astype(np.float64) - truth) / unit
    same = (actual == truth) | (np.isnan(actual) & np.isnan(truth))
    return np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))
