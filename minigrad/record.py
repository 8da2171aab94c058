"""Recording: the result of an operation gets a node that remembers all its derivative asks for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .node import SMALL, Node, next_index
from .tensor import Tensor
from .where import is_ours

if TYPE_CHECKING:
    from .backends import Device
    from .primitive import Primitive

__all__ = ["recorded"]

_frame = sys._getframe
_new_tensor = object.__new__


def recorded(
    primitive: Primitive,
    device: Device,
    live: Any,
    parents: tuple[Any, ...],
    inputs: tuple[Any, ...],
    params: dict[str, Any],
    y: Any,
    residuals: Sequence[Any] = (),
) -> Tensor:
    """The result y with its node; one that was computed from gradients alone has their barrier.

    `live` is one of the parents that are there. Much of what a small operation costs is spent here,
    so objects are filled in, which takes less than a call of their `__init__`.
    """
    tensor = _new_tensor(Tensor)
    tensor.data = y
    tensor.device = device
    tensor.grad = None
    if not live.differentiable:
        for parent in parents:
            if parent is not None and parent.differentiable:
                break
        else:
            tensor.node = live
            return tensor
    if y.size > SMALL or (not primitive.broadcasts and getattr(inputs[0], "size", 0) > SMALL):
        inputs, y = primitive.kept(parents, inputs, y)
    tensor.node = node = Node()
    node.primitive = primitive
    node.device = device
    node.parents = parents
    node.inputs = inputs
    node.params = params
    node.output = y
    node.residuals = residuals
    node.hooks = None
    node.index = next_index()
    frame = _frame(primitive.depth)
    code = frame.f_code
    while is_ours[code.co_filename]:
        outer = frame.f_back
        if outer is None:
            break
        frame, code = outer, outer.f_code
    node.code = code
    node.instruction = frame.f_lasti
    return tensor
