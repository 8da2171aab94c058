"""The table: an entry for every function of the standard that computes arrays."""

from __future__ import annotations

from . import arranging, creation, elementwise, linalg, searching
from .entry import Entry

__all__ = ["entries", "inspecting"]

entries: list[Entry] = [
    *elementwise.entries,
    *creation.entries,
    *arranging.entries,
    *searching.entries,
    *linalg.entries,
]

inspecting = {"__array_namespace_info__", "can_cast", "finfo", "iinfo", "isdtype", "result_type"}
"""Functions of the standard that compute no arrays; they have tests of their own."""
