"""The cost of one operation on arrays so small (8x8, float32) that the framework is what it costs.

*Forward* is the recorded operation; *with backward* adds the walk and the gradients of its inputs.
"""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.bench import OPERATIONS, Case, Library, operation_cases

__all__ = ["REFERENCES", "THREADS", "cases"]

REFERENCES = ("PyTorch",)
THREADS = 1


def cases(libraries: list[Library], tiny: bool, left_out: dict[str, str]) -> Iterator[Case]:
    """Two cases for each operation."""
    for operation in OPERATIONS:
        yield from operation_cases(libraries, operation)
