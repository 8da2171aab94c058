"""An array library, seen through the array API standard.

One class serves every library: `array_api_compat` has levelled the differences already. What a
library does faster, or under another name, its own file hands over as *words* that replace the
portable ones.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy

from . import vocabulary
from .device import Device

__all__ = ["Backend"]

DTYPE_NAMES = (
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
FLOATS = ("float32", "float64", "float16")


class Backend:
    """An array library as minigrad sees it.

    `xp` is the library's namespace with the words that the standard lacks added (see
    `vocabulary`); it is what a rule receives. `words` replaces functions of that namespace.
    """

    def __init__(
        self,
        name: str,
        namespace: ModuleType,
        *,
        words: dict[str, Callable[..., Any]] | None = None,
        device_prefix: str | None = None,
    ) -> None:
        self.name = name
        self.device_prefix = name if device_prefix is None else device_prefix
        self.xp: Any = SimpleNamespace(__name__=name)
        for word in vocabulary.__all__:
            setattr(self.xp, word, vocabulary.bind(getattr(vocabulary, word), self.xp))
        # The standard's extensions by name: a library may load them late, and not list them.
        for word in (*dir(namespace), "fft", "linalg"):
            if not word.startswith("_") and hasattr(namespace, word):
                setattr(self.xp, word, getattr(namespace, word))
        self.info = getattr(namespace, "__array_namespace_info__", None)
        for word, function in (words or {}).items():
            setattr(self.xp, word, function)
        self.dtypes = {
            n: self.xp.zeros((), dtype=getattr(self.xp, n)).dtype
            for n in DTYPE_NAMES
            if hasattr(self.xp, n)
        }
        self.floats = tuple(self.dtypes[n] for n in FLOATS if n in self.dtypes)
        self.array_type: type = type(self.xp.zeros(()))
        # With their type: dtypes of two libraries may be equally hashed, but must not be compared.
        self._names = {(type(raw), raw): numpy.dtype(n) for n, raw in self.dtypes.items()}
        self.xp.to_device = self._to_device
        self.xp.run_kernel = run_kernel
        self._devices: dict[Any, Device] = {}

    # --- arrays ----------------------------------------------------------------------------------

    def asarray(
        self, data: Any, dtype: Any = None, device: Device | None = None, copy: bool | None = None
    ) -> Any:
        """`data` (an array of this library or of NumPy, or a number) as an array of this one."""
        raw = None if device is None else device.raw
        return self.xp.asarray(data, dtype=dtype, device=raw, copy=copy)

    def admit(self, array: Any) -> Any:
        """An array that a user handed in, fit for this backend's functions.

        Raises TypeError for one that holds no numbers.
        """
        if (type(array.dtype), array.dtype) not in self._names:
            raise TypeError(f"expected an array of numbers, got {array.dtype}")
        return array

    def to_numpy(self, array: Any) -> numpy.ndarray[Any, Any]:
        """The values of `array` in host memory."""
        return numpy.asarray(array)

    def receive(self, sender: Backend, array: Any, device: Device) -> Any:
        """An array of another backend or device, moved here by way of the host."""
        host = sender.to_numpy(array)
        dtype = self.raw_dtype(sender.dtype_of(array))
        return self.asarray(host, dtype=dtype, device=device, copy=True)

    def is_view(self, array: Any) -> bool:
        """True unless `array` is known to share its memory with no other array."""
        return True

    def copy(self, array: Any) -> Any:
        """`array` in memory of its own."""
        return self.xp.asarray(array, copy=True)

    def _to_device(self, array: Any, device: Device) -> Any:
        """The word `to_device` of rules: a raw array of this backend, sent to any device."""
        return device.backend.receive(self, array, device)

    # --- dtypes: NumPy's objects stand for every library's ---------------------------------------

    def dtype_of(self, array: Any) -> numpy.dtype[Any]:
        """The dtype of `array`, as NumPy's object of the same name."""
        return self.canonical_dtype(array.dtype)

    def canonical_dtype(self, raw: Any) -> numpy.dtype[Any]:
        """NumPy's dtype of the same name as `raw`."""
        if isinstance(raw, numpy.dtype):
            return raw
        known = self._names.get((type(raw), raw))
        return numpy.dtype(str(raw).rpartition(".")[2]) if known is None else known

    def raw_dtype(self, dtype: Any) -> Any:
        """This library's dtype for `dtype` (NumPy's, this library's own, or a name)."""
        if not isinstance(dtype, numpy.dtype | type | str) and (type(dtype), dtype) in self._names:
            return dtype
        name = numpy.dtype(dtype).name
        if name not in self.dtypes:
            raise TypeError(f"backend {self.name!r} has no dtype {name!r}; it has {[*self.dtypes]}")
        return self.dtypes[name]

    # --- devices ---------------------------------------------------------------------------------

    def devices(self) -> list[Device]:
        """Every device that the library reports, its default first."""
        raws = [] if self.info is None else [r for r in self.info().devices() if r is not None]
        first = self.default_device()
        return [first, *(d for raw in raws if (d := self.wrap_device(raw)) is not first)]

    def default_device(self) -> Device:
        """Where the library makes arrays unless told otherwise."""
        return self.device_of(self.xp.zeros(()))

    def device_of(self, array: Any) -> Device:
        """Where `array` is."""
        return self.wrap_device(self._raw_device_of(array))

    def _raw_device_of(self, array: Any) -> Any:
        from array_api_compat import device

        return device(array)

    def wrap_device(self, raw: Any) -> Device:
        """The one `Device` that stands for the library's own device object `raw`."""
        if raw not in self._devices:
            name = f"{self.device_prefix}:{self.device_label(raw)}".removesuffix(":")
            self._devices[raw] = Device(self, raw, name)
        return self._devices[raw]

    def device_label(self, raw: Any) -> str:
        """What follows the colon in the name of a device; empty for the default one."""
        return "" if raw == self._raw_device_of(self.xp.zeros(())) else str(raw)

    def device(self, label: str) -> Device:
        """The device called `label`; the default one for an empty label."""
        if not label:
            return self.default_device()
        for device in self.devices():
            if device.name == f"{self.device_prefix}:{label}":
                return device
        names = [device.name for device in self.devices()]
        raise ValueError(f"backend {self.name!r} has no device {label!r}; it has {names}")

    def __repr__(self) -> str:
        return f"<backend {self.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self.name,)


def run_kernel(kernel: Callable[..., Any], arrays: Any, params: dict[str, Any]) -> Any:
    """Call a fused kernel; a backend whose arrays watch what is done to them has another way."""
    return kernel(*arrays, **params)


def _unpickle(name: str) -> Backend:
    from . import get

    return get(name)
