"""Tensor: an array that knows where it came from. No mathematics.

A Tensor is a value: a raw array of some backend that nothing in minigrad ever writes to. If it
takes part in differentiation it also has a node (`minigrad.node`). Its parts have files of their
own: what it is (`value`), what it has to do with gradients (`differentiable`), as what others see
it (`conversions`), how it is assigned to (`assignment`) and what is written between Tensors
(`operators`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .assignment import Assignment
from .conversions import Conversions
from .node import SMALL, Barrier, Form, Leaf, Node, recording
from .operators import Operators, namespace

if TYPE_CHECKING:
    from .backends import Device

# fmt: off
__all__ = [
    "SMALL", "Barrier", "Form", "Leaf", "Node", "Tensor", "namespace", "recording",
]
# fmt: on


class Tensor(Operators, Conversions, Assignment):
    """An array of the array API standard that remembers how it was computed.

    Make one with `mg.tensor` or `mg.asarray`. `data` is the raw array of the backend, `grad` the
    gradient that `backward()` left (a Tensor, or None).
    """

    __slots__ = ()
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, data: Any, device: Device, node: Any = None) -> None:
        self.data = data
        self.device = device
        self.node = node
        self.grad: Tensor | None = None

    def detach(self) -> Tensor:
        """The same value without its history: a constant."""
        return Tensor(self.data, self.device)

    def __repr__(self) -> str:
        values = np.array2string(
            self.device.backend.to_numpy(self.data),
            precision=4,
            separator=", ",
            prefix="tensor(",
            threshold=200,
        )
        notes = ""
        if self.dtype != namespace.get_default_dtype() and self.dtype.kind not in "ib":
            notes += f", dtype={self.dtype}"
        if self.device != "cpu":
            notes += f", device={self.device.name!r}"
        if isinstance(self.node, Leaf):
            notes += ", requires_grad=True"
        elif isinstance(self.node, Node):
            notes += f", from={self.node.primitive.name}"
        return f"tensor({values}{notes})"

    def _repr_html_(self) -> str:
        text = repr(self).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        form = f"shape {self.shape}, {self.dtype}, on {self.device}"
        return f'<pre title="{form}">{text}</pre>'

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A copy of the value. A leaf becomes a leaf of its own; a result keeps its history."""
        copy = self.__class__.__new__(self.__class__)
        Tensor.__init__(copy, self.device.backend.copy(self.data), self.device)
        memo[id(self)] = copy
        if isinstance(self.node, Leaf):
            copy.node = Leaf(copy)
        else:
            copy.node = self.node
        if self.grad is not None:
            copy.grad = self.grad.__deepcopy__(memo)
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self.node, Node):
            raise TypeError(f"pickle: this Tensor is the result of {self.node!r}; detach it first")
        values = self.device.backend.to_numpy(self.data)
        return _unpickle, (self.__class__, values, self.device, self.requires_grad)


def _unpickle(kind: type[Tensor], values: Any, device: Device, requires_grad: bool) -> Tensor:
    tensor = kind.__new__(kind)
    Tensor.__init__(tensor, device.backend.asarray(values, device=device, copy=True), device)
    return tensor.requires_grad_() if requires_grad else tensor
