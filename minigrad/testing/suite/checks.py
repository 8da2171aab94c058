"""What a check of an operation is, and which records it applies to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ..record import OpRecord

__all__ = ["Check", "Run", "has_derivative", "has_oracle", "needs_torch"]

Run = Callable[[OpRecord, Any, Any], None]
"""`(record, device, data)`: fails if the operation is wrong; Hypothesis draws from `data`."""

needs_torch = pytest.mark.minigrad_oracle("torch")
"""A test that compares with PyTorch: skipped, and listed, where there is none."""


@dataclass(frozen=True)
class Check:
    """One check: how it runs, for which records, and with what share of the profile's examples."""

    run: Run
    share: float
    applies: Callable[[OpRecord], bool] = lambda record: True
    marks: tuple[Any, ...] = field(default=())


def has_derivative(record: OpRecord) -> bool:
    """Whether there is a gradient to check."""
    return not (record.constant or record.undefined)


def has_oracle(record: OpRecord) -> bool:
    """Whether PyTorch has this operation."""
    return record.oracle is not None
