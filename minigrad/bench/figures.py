"""What was measured, as JSON's objects: medians, spreads, and ratios to the references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .timing import Series

__all__ = ["figures"]


def figures(series: Mapping[str, Series], references: Sequence[str] = ()) -> dict[str, Any]:
    """For each candidate its median, its spread, and its ratio over each reference there is.

    A ratio is a median with its quartiles. Numbers are kept to four digits.
    """
    return {
        name: {
            "median": digits(one.median),
            "spread": digits(one.spread),
            "rounds": len(one.rounds),
            "over": {
                reference: dict(
                    zip(
                        ("median", "low", "high"),
                        map(digits, one.over(series[reference])),
                        strict=True,
                    )
                )
                for reference in references
                if reference in series and reference != name
            },
        }
        for name, one in series.items()
    }


def digits(x: float) -> float:
    return float(f"{x:.4g}")
