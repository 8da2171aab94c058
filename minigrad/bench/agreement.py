"""Nothing is timed before all candidates are known to compute the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from .timing import Candidate

__all__ = ["DisagreementError", "check_agreement", "to_numpy"]


class DisagreementError(Exception):
    """Two candidates compute different numbers, so that comparing their times means nothing."""


def check_agreement(
    candidates: Mapping[str, Candidate], *, calls: int = 1, tolerance: float = 1e-3
) -> None:
    """Call all candidates `calls` times, and compare each call's results with the first's.

    Raises DisagreementError for a difference above `tolerance` of the largest element: of what
    float32 leaves of long sums and of steps that build on one another.
    """
    expected: list[list[Any]] = []
    for name, call in candidates.items():
        for i in range(calls):
            found = [to_numpy(value) for value in flat(call())]
            if len(expected) == i:
                expected.append(found)
            if len(found) != len(expected[i]):
                raise DisagreementError(f"{name} returns {len(found)} values")
            for j, (a, b) in enumerate(zip(found, expected[i], strict=True)):
                difference = numpy.max(numpy.abs(a - b.reshape(a.shape)), initial=0)
                # Not `difference > …`: NaN differs from everything.
                if not difference <= tolerance * max(1.0, numpy.max(numpy.abs(b), initial=0)):
                    raise DisagreementError(
                        f"value {j} of call {i} of {name} is off by {difference:.1e} "
                        f"from that of {next(iter(candidates))}"
                    )


def flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple | list) else [value]


def to_numpy(value: Any) -> Any:
    """A number or any library's array, as NumPy's of float64."""
    for method in ("detach", "cpu", "numpy"):
        value = getattr(value, method, lambda value=value: value)()
    return numpy.asarray(value, dtype="float64")
