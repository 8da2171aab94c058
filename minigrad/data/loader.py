"""Batches of samples, in order or shuffled by a generator whose state can be saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy

from ..random import Generator, default_generator
from .dataset import stacked

__all__ = ["DataLoader"]


class DataLoader:
    """Goes through a data set in batches, once an iteration.

    `dataset` has a length and gives samples by number. With `shuffle` every pass has an order of
    its own, drawn from `generator` (by default minigrad's own) when the pass begins. The last
    batch may be smaller, unless `drop_last`. `collate_fn` makes a batch of a list of samples; by
    default they are stacked.

    `state_dict()` between two passes is all that the passes to come depend on.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        generator: Generator | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"DataLoader: batch_size is {batch_size}, expected at least 1")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.generator = generator

    def __len__(self) -> int:
        """How many batches a pass has."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        # Not a generator function: the order is drawn here and now, not at the first batch.
        n = len(self.dataset)
        order = self._generator().numpy.permutation(n) if self.shuffle else numpy.arange(n)
        size = self.batch_size
        return (self._batch(order[i * size : (i + 1) * size]) for i in range(len(self)))

    def _batch(self, indices: Any) -> Any:
        if self.collate_fn is None:
            return stacked(self.dataset, indices.tolist())
        return self.collate_fn([self.dataset[i] for i in indices.tolist()])

    def _generator(self) -> Generator:
        return self.generator or default_generator()

    def state_dict(self) -> dict[str, Any]:
        """The state of the generator that shuffles."""
        return {"generator": self._generator().state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the pass that was next when `state` was taken."""
        self._generator().load_state_dict(state["generator"])
