"""What batch norm asks of those who hold other parts of the batch: the sum of a few vectors.

Each of `size` ranks calls `all_reduce_sum` with an array of its own, of equal shapes, and receives
the sum of all. All ranks have to make the same calls in the same order, in the backward, too. As an
operation on Tensors it is its own transpose: what reaches one rank's input is the sum of what
reached all outputs.
"""

from __future__ import annotations

from typing import Any, Protocol

from minigrad.extend import primitive

__all__ = ["Alone", "Communicator", "all_reduce_sum", "gathered"]


class Communicator(Protocol):
    """Some ranks, of which this is one."""

    @property
    def size(self) -> int:
        """How many ranks there are."""
        ...

    @property
    def rank(self) -> int:
        """Which of them this is, from 0."""
        ...

    def all_reduce_sum(self, array: Any) -> Any:
        """The sum of the raw arrays of all ranks, where `array` is; it does not change."""
        ...


class Alone:
    """The communicator of a single rank."""

    size = 1
    rank = 0

    def all_reduce_sum(self, array: Any) -> Any:
        """The array itself."""
        return array


def all_reduce_sum_vjp(xp: Any, g: Any, y: Any, x: Any, *, communicator: Communicator) -> Any:
    """The sum of what reached the sums of all ranks."""
    return all_reduce_sum.over(xp)(g, communicator=communicator)


all_reduce_sum = primitive(
    "all_reduce_sum",
    all_reduce_sum_vjp,
    forward=lambda xp, x, *, communicator: communicator.all_reduce_sum(x),
)


def gathered(xp: Any, x: Any, communicator: Communicator) -> Any:
    """The arrays of all ranks, stacked in their order: a sum of arrays with one row each."""
    nothing = xp.zeros_like(x)
    rows = [x if rank == communicator.rank else nothing for rank in range(communicator.size)]
    return all_reduce_sum.over(xp)(xp.stack(rows), communicator=communicator)
