"""CuPy: the same lines on a GPU."""

from __future__ import annotations

from functools import partial
from typing import Any

from .backend import Backend
from .device import Device
from .indexing import is_basic
from .windows import fold_into, strided_layout

__all__ = ["load"]


class CupyBackend(Backend):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        import cupy

        self.cupy = cupy

    def asarray(self, data: Any, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
        with self.cupy.cuda.Device(None if device is None else device.raw.id):
            return self.cupy.array(data, dtype=dtype) if copy else self.cupy.asarray(data, dtype)

    def to_numpy(self, array: Any) -> Any:
        return self.cupy.asnumpy(array)

    def is_view(self, array: Any) -> bool:
        return array.base is not None

    def dtype_of(self, array: Any) -> Any:
        return array.dtype

    def devices(self) -> list[Any]:
        count = self.cupy.cuda.runtime.getDeviceCount()
        return [self.wrap_device(self.cupy.cuda.Device(i)) for i in range(count)]

    def default_device(self) -> Any:
        return self.wrap_device(self.cupy.cuda.Device())

    def wrap_device(self, raw: Any) -> Device:
        if raw.id not in self._devices:
            name = f"cuda:{raw.id}" if raw.id else "cuda"
            self._devices[raw.id] = Device(self, raw, name)
        return self._devices[raw.id]

    def device(self, label: str) -> Any:
        return super().device("" if label == "0" else label)


def load() -> Backend:
    """The backend, its library imported."""
    import array_api_compat.cupy as namespace
    import cupy
    import cupyx

    if not cupy.is_available():
        raise RuntimeError("CuPy is installed, but finds no CUDA device")

    def scatter_add(v: Any, key: Any, shape: tuple[int, ...]) -> Any:
        total = cupy.zeros(shape, dtype=v.dtype)
        if is_basic(key):
            total[key] = v
        else:
            cupyx.scatter_add(total, key, v)
        return total

    def index_set(x: Any, key: Any, v: Any) -> Any:
        y = x.copy()
        y[key] = v
        return y

    def windows(x: Any, shape: Any, strides: Any, dilation: Any) -> Any:
        layout = strided_layout(x, shape, strides, dilation)
        return cupy.lib.stride_tricks.as_strided(x, *layout)

    words = {
        "fold": partial(fold_into, cupy.zeros),
        "getitem": lambda x, key: x[key],
        "index_set": index_set,
        "scatter_add": scatter_add,
        "windows": windows,
    }
    return CupyBackend("cupy", namespace, words=words, device_prefix="cuda")
