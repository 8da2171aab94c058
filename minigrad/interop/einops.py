"""einops: after `import minigrad.interop.einops`, its functions take Tensors.

`einops.array_api` takes them without. einops looks for a backend among the subclasses of its own
class, so to define one is to register it.
"""

from __future__ import annotations

from typing import Any

from einops._backends import AbstractBackend

from ..tensor import Tensor, namespace

__all__ = ["MinigradBackend"]


class MinigradBackend(AbstractBackend):
    """What einops asks of an array library, differentiably."""

    framework_name = "minigrad"

    def is_appropriate_type(self, tensor: Any) -> bool:
        return isinstance(tensor, Tensor)

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        return namespace.reshape(x, shape)

    def transpose(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        return namespace.permute_dims(x, axes)

    def reduce(self, x: Tensor, operation: str, axes: tuple[int, ...]) -> Tensor:
        return getattr(namespace, operation)(x, axis=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Tensor]) -> Tensor:
        return namespace.stack(tensors)

    def add_axis(self, x: Tensor, new_position: int) -> Tensor:
        return namespace.expand_dims(x, axis=new_position)

    def tile(self, x: Tensor, repeats: tuple[int, ...]) -> Tensor:
        return namespace.tile(x, repeats)

    def concat(self, tensors: list[Tensor], axis: int) -> Tensor:
        return namespace.concat(tensors, axis=axis)

    def einsum(self, pattern: str, *x: Tensor) -> Tensor:
        return namespace.einsum(pattern, *x)

    def is_float_type(self, x: Tensor) -> bool:
        return x.dtype.kind == "f"
