"""The Tensors that a Module learns."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from ..tensor import namespace as mg

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A Tensor that requires grad, and that the Module which has it as an attribute lists.

    `data` is a Tensor, whose history is left behind, or what `mg.tensor` takes.
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        source = data if isinstance(data, Tensor) else mg.tensor(data)
        super().__init__(source.data, source.device)
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
