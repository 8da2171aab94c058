"""The cost of one operation on arrays so small (8x8, float32) that the framework is what it costs.

*Forward* is the recorded operation; *with backward* adds the walk and the gradients of its inputs.
"""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.bench import OPERATIONS, Library, forward, with_backward
from minigrad.bench.one_operation import REPEATED

from .timed import Case

__all__ = ["REFERENCES", "THREADS", "cases"]

REFERENCES = ("PyTorch",)
THREADS = 1


def cases(libraries: list[Library], tiny: bool, left_out: dict[str, str]) -> Iterator[Case]:
    """Two cases for each operation."""
    for operation in OPERATIONS:
        for name, make in (("forward", forward), ("with backward", with_backward)):
            candidates = {library.name: make(library, operation) for library in libraries}
            yield Case(f"{operation}, {name}", candidates, repeated=REPEATED)
