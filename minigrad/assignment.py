"""Assignment: the handle gets a new value, no other Tensor changes.

`x[key] = value` and `x += y` are differentiable: they compute a new value as any operation does,
and give it to the handle x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from .differentiable import Differentiable
from .node import Leaf, Node, recording
from .operators import namespace

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["KINDS", "Assignment"]

KINDS = "buifc"
"""The kinds of dtype, each of which can take the values of those before it."""


class Assignment(Differentiable):
    """The part of a Tensor that can be assigned to."""

    __slots__ = ()

    def __setitem__(self, key: Any, value: Any, /) -> None:
        self._rebind(namespace.index_set(self, key, value), "x[key] = value")

    def _rebind(self, new: Tensor, what: str) -> Self:
        """Give this handle the value of `new`, and its history; `what` is the name for errors."""
        data, old, node = new.data, self.data, self.node
        if data.shape != old.shape:
            raise ValueError(f"{what}: shape {self.shape} can't become {new.shape}")
        if data.dtype != old.dtype:
            if KINDS.index(new.dtype.kind) > KINDS.index(self.dtype.kind):
                raise TypeError(f"{what}: a result of {new.dtype} can't become {self.dtype}")
            new = namespace.astype(new, self.dtype)
            data = new.data
        if node.__class__ is not Leaf:
            retained = isinstance(node, Node) and self._release_grad()
            self.node = new.node
            if retained and isinstance(self.node, Node):
                self.retain_grad()
        elif recording.get():
            raise ValueError(
                f"{what}: this Tensor is a leaf that requires grad; assign inside "
                "`with mg.no_grad():`, or write y = x.at[key].set(value)"
            )
        self.data = data
        return self

    @property
    def at(self) -> Any:
        """`x.at[key].set(v)` and `x.at[key].add(v)`: a new Tensor with `v` put at `key`."""
        return namespace.At(self)

    def __iadd__(self, other: Any, /) -> Self:
        return self._rebind(namespace.add.apply(self, other), "x += y")

    def __isub__(self, other: Any, /) -> Self:
        return self._rebind(namespace.subtract.apply(self, other), "x -= y")

    def __imul__(self, other: Any, /) -> Self:
        return self._rebind(namespace.multiply.apply(self, other), "x *= y")

    def __itruediv__(self, other: Any, /) -> Self:
        return self._rebind(namespace.divide.apply(self, other), "x /= y")

    def __ifloordiv__(self, other: Any, /) -> Self:
        return self._rebind(namespace.floor_divide.apply(self, other), "x //= y")

    def __imod__(self, other: Any, /) -> Self:
        return self._rebind(namespace.remainder.apply(self, other), "x %= y")

    def __ipow__(self, other: Any, /) -> Self:
        return self._rebind(namespace.pow(self, other), "x **= y")

    def __imatmul__(self, other: Any, /) -> Self:
        return self._rebind(namespace.matmul.apply(self, other), "x @= y")

    def __iand__(self, other: Any, /) -> Self:
        return self._rebind(namespace.bitwise_and.apply(self, other), "x &= y")

    def __ior__(self, other: Any, /) -> Self:
        return self._rebind(namespace.bitwise_or.apply(self, other), "x |= y")

    def __ixor__(self, other: Any, /) -> Self:
        return self._rebind(namespace.bitwise_xor.apply(self, other), "x ^= y")

    def __ilshift__(self, other: Any, /) -> Self:
        return self._rebind(namespace.bitwise_left_shift.apply(self, other), "x <<= y")

    def __irshift__(self, other: Any, /) -> Self:
        return self._rebind(namespace.bitwise_right_shift.apply(self, other), "x >>= y")
