"""What a function recorded, step by step, so that a second run can be held against the first."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..tensor import Node, Tensor
from ..where import describe as line_of
from .tree import flatten

__all__ = ["Record", "record_of", "recorded"]


class Step(NamedTuple):
    """What two runs of a function have in common: operations, how they hang together, shapes."""

    what: Any
    parents: tuple[Any, ...]
    inputs: tuple[str, ...]
    where: Any

    def __str__(self) -> str:
        if self.where is None:
            return "a leaf of its own"
        return f"{self.what.name} of {', '.join(self.inputs)} (at {line_of(*self.where)})"


def step_of(node: Any, places: dict[Any, int]) -> Step:
    """A node as a step; parents of the same run by their places."""
    parents = tuple(places.get(parent, parent) for parent in node.parents)
    if not isinstance(node, Node):
        return Step(type(node), parents, (), None)
    inputs = node.inputs or ()
    return Step(node.primitive, parents, tuple(map(text_of, inputs)), node.where)


def text_of(x: Any) -> str:
    """A raw input: a number, or the shape and dtype of an array or `Form`."""
    if not hasattr(x, "dtype"):
        return repr(x)
    return f"{tuple(x.shape)} {str(x.dtype).rpartition('.')[2]}"


def recorded(result: Any, start: int) -> list[Any]:
    """The nodes since `start` that the Tensors of a result were computed from, oldest first."""
    tensors = [x for x in flatten(result)[0] if isinstance(x, Tensor)]
    found = dict.fromkeys(x.node for x in tensors if x.node is not None and x.node.index > start)
    pending = list(found)
    for node in pending:  # grows while it is read
        for parent in node.parents:
            if parent is not None and parent.index > start and parent not in found:
                found[parent] = None
                pending.append(parent)
    return sorted(found, key=lambda node: node.index)


class Record(NamedTuple):
    """The steps of a run, and the marks of what it returned."""

    steps: list[Step]
    marks: list[Mark]

    def difference(self, again: Record) -> str | None:
        """How a second run differs from this one, or None.

        Lines are not compared: of a layer, they are those of whoever called it.
        """
        for old, new in zip(self.steps, again.steps, strict=False):
            if old[:-1] != new[:-1]:
                return f"recorded {old} at first, and {new} when it ran again"
        before, after = len(self.steps), len(again.steps)
        if before != after:
            return f"recorded {before} operations at first, and {after} when it ran again"
        for i, (mark, now) in enumerate(zip(self.marks, again.marks, strict=False)):
            if mark.is_other(now):
                return f"returned other values when it ran again, in floating result {i}"
        return None


class Mark(NamedTuple):
    """What tells a floating result from another: its sum, and that of its magnitudes."""

    sum: Any
    size: Any
    precision: float

    def is_other(self, again: Mark) -> bool:
        """Whether a mark is further off than another order of summation would bring it."""
        margin = 1000 * self.precision * float(self.size)
        pairs = [(float(a), float(b)) for a, b in zip(self[:2], again[:2], strict=True)]
        return not all(
            math.isclose(a, b, rel_tol=0, abs_tol=margin) or (math.isnan(a) and math.isnan(b))
            for a, b in pairs
        )


def marks_of(result: Any) -> list[Mark]:
    """The marks of the floating Tensors of a result. Nothing waits for a GPU yet."""
    marks = []
    for y in flatten(result)[0]:
        if isinstance(y, Tensor) and y.dtype.kind == "f":
            xp, x = y.backend.xp, y.data
            marks.append(Mark(xp.sum(x), xp.sum(xp.abs(x)), float(np.finfo(y.dtype).eps)))
    return marks


def record_of(nodes: list[Any], result: Any) -> Record:
    """What there is to say about a run that recorded `nodes` and returned `result`."""
    places = {node: place for place, node in enumerate(nodes)}
    return Record([step_of(node, places) for node in nodes], marks_of(result))
