"""Distinct values: named tuples, as the standard has them.

Which element of x a value was taken from is not determined where elements are equal, so the values
have no derivative: to ask for one is an error. Their places and numbers are integers.
"""

from __future__ import annotations

from typing import NamedTuple

from ..primitive import primitive
from ..tensor import Tensor

__all__ = [
    "UniqueAllResult",
    "UniqueCountsResult",
    "UniqueInverseResult",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


class UniqueAllResult(NamedTuple):
    """The distinct values, where each comes first, which of them each element is, and how often."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCountsResult(NamedTuple):
    """The distinct values, and how often each occurs."""

    values: Tensor
    counts: Tensor


class UniqueInverseResult(NamedTuple):
    """The distinct values, and which of them each element is."""

    values: Tensor
    inverse_indices: Tensor


_unique_all = primitive(
    "unique_all", None, forward=lambda xp, x: tuple(xp.unique_all(x)), residuals=True
)
_unique_counts = primitive(
    "unique_counts", None, forward=lambda xp, x: tuple(xp.unique_counts(x)), residuals=True
)
_unique_inverse = primitive(
    "unique_inverse", None, forward=lambda xp, x: tuple(xp.unique_inverse(x)), residuals=True
)
_unique_values = primitive("unique_values", None)


def unique_all(x: Tensor, /) -> UniqueAllResult:
    """Distinct values, the flat indices of their first places, inverse indices and counts.

    Every NaN is distinct from every other. `values[inverse_indices]` is x again.
    """
    values, others = _unique_all(x)
    return UniqueAllResult(values, *others)


def unique_counts(x: Tensor, /) -> UniqueCountsResult:
    """Distinct values, and how often each occurs. Every NaN is distinct from every other."""
    values, others = _unique_counts(x)
    return UniqueCountsResult(values, *others)


def unique_inverse(x: Tensor, /) -> UniqueInverseResult:
    """Distinct values, and for each element of x the index of its value among them."""
    values, others = _unique_inverse(x)
    return UniqueInverseResult(values, *others)


def unique_values(x: Tensor, /) -> Tensor:
    """Distinct values of x, in one dimension. Every NaN is distinct from every other."""
    return _unique_values(x)
