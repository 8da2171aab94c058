"""The memory of where a Tensor came from: the nodes of a graph.

A Tensor that takes part in differentiation has one of three:

* a `Leaf`, if the user made it and wants a gradient for it;
* a `Node`, if it is the result of a recorded operation;
* a `Barrier`, if it is a gradient that was computed without a graph of its own.

Nodes refer to nodes and raw arrays, never to the Tensor they belong to. So there is no reference
cycle, and a graph is freed the moment its last Tensor goes. They are numbered as they are made.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from contextvars import ContextVar
from itertools import count
from types import CodeType
from typing import TYPE_CHECKING, Any

from .handles import Hooks
from .where import caller, describe

if TYPE_CHECKING:
    from .backends import Device
    from .primitive import Primitive
    from .value import Value

__all__ = ["SMALL", "Barrier", "Form", "Leaf", "Node", "next_index", "recording"]

recording: ContextVar[bool] = ContextVar("minigrad_recording", default=True)
"""Whether operations get nodes, in this thread or task."""

next_index = count().__next__

SMALL = 2048
"""An array of so few elements is kept as it is: to let it go would cost more than it saves."""


class Form:
    """What remains of an array whose values no rule reads: its shape and dtype."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


class Node:
    """One recorded operation: all that its derivative will ask for.

    `parents` holds the node of each input, None for a constant; `inputs` the raw input values (or
    their `Form`, where no rule reads the values); `output` the raw output and `residuals` what else
    the forward computed, where a rule reads them. `inputs` is None once the node has been freed.
    """

    __slots__ = (
        "code",
        "device",
        "hooks",
        "index",
        "inputs",
        "instruction",
        "output",
        "params",
        "parents",
        "primitive",
        "residuals",
    )
    differentiable = True

    primitive: Primitive
    device: Device
    parents: tuple[Any, ...]
    inputs: tuple[Any, ...] | None
    params: dict[str, Any]
    output: Any
    residuals: Sequence[Any]
    hooks: Hooks | None
    index: int
    code: CodeType
    instruction: int

    @property
    def where(self) -> tuple[CodeType, int]:
        """The line of the user's that recorded it, as `minigrad.where` writes one."""
        return self.code, self.instruction

    @property
    def line(self) -> str:
        """The same for error messages: `recorded at file:line`."""
        return f"recorded at {describe(*self.where)}"

    def __repr__(self) -> str:
        return f"{self.primitive.name}, {self.line}"


class Leaf:
    """The node of a Tensor that the user made with `requires_grad`. It knows its Tensor weakly."""

    __slots__ = ("hooks", "index", "tensor")
    differentiable = True
    parents: tuple[()] = ()

    def __init__(self, tensor: Value) -> None:
        self.tensor = weakref.ref(tensor)
        self.hooks: Hooks | None = None
        self.index = next_index()


class Barrier:
    """The node of a gradient computed without `create_graph`: how it depends on anything is lost.

    Whatever is computed from it may be used as a number, but a derivative through it is an error.
    """

    __slots__ = ("index", "where")
    differentiable = False
    hooks = None
    inputs = None
    parents: tuple[()] = ()

    def __init__(self) -> None:
        self.index = next_index()
        self.where = caller(3)  # `backward` or `grad` makes it

    def __repr__(self) -> str:
        return f"a gradient computed at {describe(*self.where)}"

    @property
    def reason(self) -> str:
        """Why there is no derivative, for error messages."""
        return f"{self!r} without create_graph=True"

    @property
    def way_out(self) -> str:
        """What to do instead."""
        return "compute it by grad(..., create_graph=True)"


class Replayed(Barrier):
    """The node of what a captured step returned, if the step would have had a graph of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"the result of a step captured at {describe(*self.where)}"

    @property
    def reason(self) -> str:
        return f"{self!r}, which leaves no graph"

    @property
    def way_out(self) -> str:
        return "call backward() inside the step"
