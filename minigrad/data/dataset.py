"""Samples by number, and parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from ..ops.creation import asarray, tensor
from ..ops.indexing import take
from ..ops.shapes import stack
from ..random import Generator, default_generator
from ..tensor import Tensor

__all__ = ["Dataset", "Subset", "TensorDataset", "default_collate", "random_split"]


class Dataset:
    """Samples by number. A subclass defines `__len__` and `__getitem__(index)`.

    It may define `batch(indices)` too, where it has a faster way to many samples than one by one.
    """

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__}: a Dataset defines __len__")

    def __getitem__(self, index: Any) -> Any:
        raise TypeError(f"{type(self).__name__}: a Dataset defines __getitem__")

    def batch(self, indices: Sequence[int]) -> Any:
        """The samples at `indices`, stacked."""
        return default_collate([self[i] for i in indices])


class TensorDataset(Dataset):
    """Tensors whose first axis counts samples; a sample is a tuple, one entry from each.

    Raises ValueError if there is no Tensor, one is 0-d, or their first axes differ.
    """

    def __init__(self, *tensors: Tensor) -> None:
        shapes = [t.shape for t in tensors]
        if not shapes or not all(shapes) or len({shape[0] for shape in shapes}) != 1:
            raise ValueError(
                f"TensorDataset: shapes {shapes}: expected Tensors whose first axes are equal"
            )
        self.tensors = tensors

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def batch(self, indices: Sequence[int]) -> tuple[Tensor, ...]:
        """The samples at `indices`, taken from each Tensor in one operation."""
        rows = numpy.asarray(indices, dtype="int64")
        return tuple(take(t, asarray(rows, device=t.device), axis=0) for t in self.tensors)


class Subset(Dataset):
    """The samples of `dataset` at `indices`, renumbered from 0."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = list(indices)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def batch(self, indices: Sequence[int]) -> Any:
        """The samples at `indices`, stacked as `dataset` stacks them."""
        return stacked(self.dataset, [self.indices[i] for i in indices])


def stacked(dataset: Any, indices: Sequence[int]) -> Any:
    """The samples at `indices`, stacked by the data set itself if it knows how."""
    if hasattr(dataset, "batch"):
        return dataset.batch(indices)
    return default_collate([dataset[i] for i in indices])


def default_collate(samples: Sequence[Any]) -> Any:
    """Stack samples along a new first axis.

    Tensors, arrays and numbers become one Tensor; tuples, lists and dictionaries are stacked entry
    by entry; strings stay a list.
    """
    first = samples[0]
    if isinstance(first, Tensor):
        return stack(list(samples))
    if isinstance(first, dict):
        return {key: default_collate([s[key] for s in samples]) for key in first}
    if isinstance(first, tuple | list):
        columns = zip(*samples, strict=True)
        return type(first)([default_collate(column) for column in columns])
    if isinstance(first, str):
        return list(samples)
    is_array = isinstance(first, numpy.ndarray | numpy.generic)
    return tensor(numpy.stack(samples) if is_array else list(samples))


def random_split(
    dataset: Any, lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset]:
    """Divide the samples at random into parts that don't overlap.

    `lengths` counts samples, or gives fractions that add up to 1; then what rounding leaves over
    goes to the first parts, one sample each. Raises ValueError if the parts don't add up.
    """
    n = len(dataset)
    counts = [int(length) for length in lengths]
    if abs(sum(lengths) - 1) < 1e-9 and all(0 <= length <= 1 for length in lengths):
        counts = [int(n * length + 1e-9) for length in lengths]
        for i in range(n - sum(counts)):
            counts[i % len(counts)] += 1
    if sum(counts) != n or any(count < 0 for count in counts):
        raise ValueError(
            f"random_split: lengths {list(lengths)} don't add up to the data set's {n} samples "
            "or to 1"
        )
    order = (generator or default_generator()).numpy.permutation(n)
    parts = numpy.split(order, numpy.cumsum(counts)[:-1])
    return [Subset(dataset, part.tolist()) for part in parts]
