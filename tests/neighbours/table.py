"""The table of neighbours: docs/neighbours.md lists the same, and a test compares."""

from __future__ import annotations

from . import (
    rows_calculus,
    rows_einops,
    rows_refused,
    rows_rotation,
    rows_scipy,
    rows_signal,
    rows_sklearn,
)
from .row import Neighbour, Refusal

__all__ = ["refused", "working"]

working: list[Neighbour] = [
    *rows_scipy.rows,
    *rows_calculus.rows,
    *rows_signal.rows,
    *rows_rotation.rows,
    *rows_sklearn.rows,
    *rows_einops.rows,
]
refused: list[Refusal] = rows_refused.rows
