"""What a Tensor has to do with gradients: whether it wants one, and who is told of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from .handles import RemovableHandle
from .node import Leaf, Node
from .operators import namespace
from .value import Value

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["Differentiable"]


class Differentiable(Value):
    """The part of a Tensor that asks for derivatives."""

    __slots__ = ()

    @property
    def requires_grad(self) -> bool:
        """Whether derivatives with respect to this Tensor are recorded."""
        return self.node is not None and self.node.differentiable

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user rather than by a recorded operation."""
        return not isinstance(self.node, Node)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for (or decline) a gradient, and return the Tensor itself.

        Raises ValueError on the result of a recorded operation, TypeError on a dtype that has no
        gradient (integer, boolean).
        """
        if isinstance(self.node, Node):
            if requires_grad:
                return self
            raise ValueError(
                f"requires_grad_: this Tensor is the result of {self.node!r}; "
                "use .detach() for a copy without history"
            )
        if not requires_grad:
            self.node = None
        elif not isinstance(self.node, Leaf):
            if self.dtype.kind not in "fc":
                raise TypeError(
                    f"requires_grad: only floating-point Tensors have gradients, not {self.dtype}"
                )
            self.node = Leaf(self)
        return self

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add the derivatives of this Tensor to the `grad` of the leaves it was computed from.

        `gradient` is the cotangent, of this Tensor's shape; only a Tensor with a single element may
        go without. See `mg.autograd.backward`.
        """
        namespace.autograd.backward(self, gradient, retain_graph=retain_graph)

    def retain_grad(self) -> None:
        """Let `backward` leave the gradient of this intermediate Tensor in `grad`."""
        if isinstance(self.node, Leaf):
            return
        if isinstance(self.node, Node):
            self._release_grad()
        self.register_hook(KeepGrad(self))

    def _release_grad(self) -> bool:
        """Undo `retain_grad`; whether there was anything to undo."""
        hooks = self.node.hooks or {}
        mine = [k for k, h in hooks.items() if isinstance(h, KeepGrad) and h.tensor() is self]
        for key in mine:
            del hooks[key]
        return bool(mine)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(gradient)` when the gradient of this Tensor is known.

        What the hook returns, unless None, takes the place of the gradient. The handle that comes
        back has `remove()`.
        """
        if not self.requires_grad:
            raise ValueError("register_hook: this Tensor does not require grad")
        if self.node.hooks is None:
            self.node.hooks = {}
        return RemovableHandle(self.node.hooks, hook)


class KeepGrad:
    """The hook of `retain_grad`. It knows its Tensor weakly, as the node that holds it must."""

    def __init__(self, tensor: Differentiable) -> None:
        self.tensor = weakref.ref(tensor)

    def __call__(self, gradient: Tensor) -> None:
        tensor = self.tensor()
        if tensor is not None:
            tensor.grad = gradient if tensor.grad is None else tensor.grad + gradient
