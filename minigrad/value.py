"""What a Tensor is: a raw array on a device, and the node that remembers where it came from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .backends import Backend, Device
    from .tensor import Tensor

__all__ = ["Value"]


class Value:
    """The four things that a Tensor holds, and what can be read off them."""

    __slots__ = ("__weakref__", "data", "device", "grad", "node")

    data: Any
    device: Device
    node: Any
    grad: Tensor | None

    @property
    def backend(self) -> Backend:
        """The backend whose array `data` is."""
        return self.device.backend

    @property
    def dtype(self) -> np.dtype[Any]:
        """The data type, as NumPy's object of that name."""
        return self.device.backend.dtype_of(self.data)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.data.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.data.shape)
