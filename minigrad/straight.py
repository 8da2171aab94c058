"""Operations on one or two arrays: the common case goes in a straight line.

What a small operation costs is spent between its call and the backend's function. These do the same
as any primitive, with nothing on the way that one or two Tensors do not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .dtypes import weak_types
from .misuse import MISUSE, explained
from .operation import Primitive
from .record import recorded
from .tensor import Tensor, recording

__all__ = ["Binary", "Unary"]

NO_PARAMS: dict[str, Any] = {}
"""The same for all, and not one more object a node that the garbage collector goes through."""


class Unary(Primitive):
    """An operation on one array: the common case goes in a straight line."""

    def apply(self, a: Any = None, /, *more: Any, **params: Any) -> Any:
        """The output for a Tensor whose dtype needs no thought; else as any primitive."""
        if more or not isinstance(a, Tensor):
            return super().apply(a, *more, **params)
        device, x = a.device, a.data
        backend = device.backend
        if self.promotes and x.dtype not in backend.floats:
            return super().apply(a, **params)
        function = self._functions[backend]
        try:
            y = function(x, **params) if params else function(x)
        except MISUSE as error:
            raise explained(self, error, (a,), params) from error
        if y.__class__ is not backend.array_type:
            y = backend.asarray(y)
        parent = a.node
        if parent is None or self.constant or not recording.get():
            return Tensor(y, device)
        return recorded(self, device, parent, (parent,), (x,), params, y)

    __call__ = apply

    def pull_back(
        self,
        xp: Any,
        g: Any,
        y: Any,
        residuals: Sequence[Any],
        inputs: Sequence[Any],
        params: dict[str, Any],
        parents: Sequence[Any],
    ) -> Sequence[Any]:
        """What reaches the input."""
        (rule,), (x,) = self.rules, inputs
        return (rule(xp, g, y, x, **params) if params else rule(xp, g, y, x),)


class Binary(Primitive):
    """An operation on two arrays, without parameters: the common case goes in a straight line."""

    def apply(self, a: Any = None, b: Any = None, /, *more: Any, **params: Any) -> Any:
        """The output for Tensors of one device and floating dtype, or a number; else as any."""
        if isinstance(a, Tensor):
            device, x, parent = a.device, a.data, a.node
            dtype = x.dtype
            if isinstance(b, Tensor):
                y, other = b.data, b.node
                if b.device is not device or y.dtype is not dtype:
                    return super().apply(a, b, *more, **params)
            elif b.__class__ in weak_types:
                y, other = b, None
            else:
                return super().apply(a, b, *more, **params)
        elif isinstance(b, Tensor) and a.__class__ in weak_types:
            device, x, parent, y, other = b.device, a, None, b.data, b.node
            dtype = y.dtype
        else:
            return super().apply(a, b, *more, **params)
        backend = device.backend
        if more or params or dtype not in backend.floats:
            return super().apply(a, b, *more, **params)
        try:
            z = self._functions[backend](x, y)
        except MISUSE as error:
            raise explained(self, error, (a, b), params) from error
        if z.__class__ is not backend.array_type:
            z = backend.asarray(z)
        live = parent or other
        if live is None or not recording.get():
            return Tensor(z, device)
        return recorded(self, device, live, (parent, other), (x, y), NO_PARAMS, z)

    __call__ = apply

    def pull_back(
        self,
        xp: Any,
        g: Any,
        y: Any,
        residuals: Sequence[Any],
        inputs: Sequence[Any],
        params: dict[str, Any],
        parents: Sequence[Any],
    ) -> Sequence[Any]:
        """What reaches either input."""
        a, b = inputs
        by_a, by_b = self.rules
        parent, other = parents
        return (
            None if parent is None else by_a(xp, g, y, a, b),
            None if other is None else by_b(xp, g, y, a, b),
        )
