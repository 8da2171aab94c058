"""A Tensor as a number, as an array of another library, on another device, of another dtype."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from .differentiable import Differentiable
from .operators import namespace

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["Conversions"]

HOST = (1, 0)
"""The memory of the CPU, in DLPack's numbers."""


class Conversions(Differentiable):
    """The part of a Tensor that others see."""

    __slots__ = ()

    def numpy(self) -> np.ndarray[Any, Any]:
        """The values as a NumPy array that shares no memory with the Tensor."""
        self._refuse_if_differentiable("numpy()")
        return np.array(self.device.backend.to_numpy(self.data))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        self._refuse_if_differentiable("np.asarray(tensor)")
        if self.device.backend.name not in ("numpy", "strict", "capture"):
            raise TypeError(
                f"np.asarray(tensor): the Tensor is on {self.device}; call .numpy() to copy it"
            )
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def _refuse_if_differentiable(self, call: str) -> None:
        if self.requires_grad:
            raise ValueError(
                f"{call}: this Tensor requires grad, and its history would be lost; "
                "call tensor.detach().numpy(), or stay with minigrad's functions; mg.stack([...]) "
                "makes one Tensor of several"
            )

    def item(self) -> Any:
        """The only element, as a Python number. Raises ValueError if there are more or none."""
        if self.size != 1:
            raise ValueError(f"item: a Tensor of shape {self.shape} has not one element")
        return self.device.backend.to_numpy(self.data).item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self.device.backend.to_numpy(self.data).tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"the truth of a Tensor of shape {self.shape} is ambiguous; use mg.any or mg.all"
            )
        return bool(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.ndim != 0:
            raise TypeError(f"a Tensor of shape {self.shape}, {self.dtype} is no index")
        return int(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d Tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("iteration over a 0-d Tensor")
        return iter([namespace.getitem(self, i) for i in range(self.shape[0])])

    def __array_namespace__(self, /, *, api_version: str | None = None) -> ModuleType:
        if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
            raise ValueError(f"array API version {api_version!r} is not supported; 2024.12 is")
        return namespace

    def __dlpack__(
        self,
        /,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """The values for `from_dlpack` of another library: a copy, unless `copy=False`.

        Who receives memory by DLPack may write to it, and a Tensor's value never changes. Raises
        BufferError for a device other than this one and the host's, and where `copy=False` can't be
        had; ValueError for a Tensor that requires grad.
        """
        self._refuse_if_differentiable("__dlpack__")
        raw, here = self.data, self.__dlpack_device__()
        if dl_device is not None and tuple(dl_device) != here:
            if copy is False or tuple(dl_device) != HOST:
                raise BufferError(
                    f"__dlpack__: from {self.device} to DLPack device {tuple(dl_device)} with "
                    f"copy={copy}; move the Tensor first, as in x.to('cpu')"
                )
            raw = self.device.backend.to_numpy(raw)
        if copy is False and any(step < 0 for step in getattr(raw, "strides", ())):
            raise BufferError("__dlpack__: copy=False, but axes run backwards, which few can read")
        options = {"stream": stream, "max_version": max_version}
        given = {name: option for name, option in options.items() if option is not None}
        return raw.__dlpack__(**given, copy=copy is not False)

    def __dlpack_device__(self) -> tuple[int, int]:
        kind, number = self.data.__dlpack_device__()
        return int(kind), int(number)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
        """This Tensor on another device, differentiably."""
        return namespace.to_device(self, device, stream=stream)

    def to(self, target: Any) -> Tensor:
        """This Tensor on another device, or as another dtype, differentiably."""
        if target is None:
            raise TypeError("to: expected a device or a dtype, got None")
        try:
            dtype = np.dtype(target)
        except TypeError:
            dtype = None
        if dtype is None:
            return namespace.to_device(self, target)
        return namespace.astype(self, dtype)
