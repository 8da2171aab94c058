"""Who is wrong? Ours, the oracle, or both: each is held against a higher precision.

PyTorch in float32 is no truth, and neither is NumPy: where two implementations differ, the same
computation in float64, or by mpmath in fifty digits, decides.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .tolerance import Tolerance

__all__ = ["Verdict", "compare"]

Array = np.ndarray[Any, Any]


class Verdict(NamedTuple):
    """The errors of both sides against the truth, and who is beyond what rounding explains."""

    ours: float
    oracle: float
    allowed: float
    wrong: str

    def __str__(self) -> str:
        return (
            f"{self.wrong}: ours is off by {self.ours:.3g}, the oracle by {self.oracle:.3g}, "
            f"rounding explains {self.allowed:.3g}"
        )


def compare(ours: Any, oracle: Any, truth: Any, terms: int = 1, condition: float = 1.0) -> Verdict:
    """Which of two results is wrong, by a third that is more precise.

    `wrong` is "neither", "ours", "the oracle" or "both". NaN and infinity have to be where the
    truth has them. Raises ValueError for shapes that differ.
    """
    a, b, c = (np.asarray(x) for x in (ours, oracle, truth))
    if not a.shape == b.shape == c.shape:
        raise ValueError(f"compare: shapes {a.shape} (ours), {b.shape} (oracle), {c.shape} (truth)")
    tolerance = Tolerance.derived(a.dtype, terms, c, condition=condition)
    allowed, error, other = tolerance.allowed, error_of(a, c), error_of(b, c)
    return Verdict(error, other, allowed, WRONG[error > allowed, other > allowed])


WRONG = {
    (False, False): "neither",
    (True, False): "ours",
    (False, True): "the oracle",
    (True, True): "both",
}


def error_of(actual: Array, truth: Array) -> float:
    """The largest distance; infinite where one is not a number and the other is."""
    a, b = actual.astype(np.float64), truth.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(a - b))
    return float(np.max(np.where(np.isnan(apart), np.inf, apart), initial=0.0))
