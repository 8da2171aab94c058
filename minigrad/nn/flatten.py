"""From images to features."""

from __future__ import annotations

import math

from ..ops.axes import axis_of
from ..tensor import Tensor
from ..tensor import namespace as mg
from .module import Module

__all__ = ["Flatten"]


class Flatten(Module):
    """The axes from `start_dim` to `end_dim`, both included, as one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        first = axis_of("Flatten", self.start_dim, input.ndim)
        last = axis_of("Flatten", self.end_dim, input.ndim)
        if first > last:
            raise ValueError(
                f"Flatten: start_dim {self.start_dim} comes after end_dim {self.end_dim} in "
                f"{input.shape}"
            )
        shape = input.shape
        size = math.prod(shape[first : last + 1])
        return mg.reshape(input, (*shape[:first], size, *shape[last + 1 :]))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
