"""What the namespace offers, as the standard lets other libraries ask."""

from __future__ import annotations

from typing import Any

import numpy

from .. import backends
from ..backends import Device
from ..dtypes import default_complex, default_float

__all__ = ["NamespaceInfo", "namespace_info"]

DType = numpy.dtype[Any]
Kind = str | tuple[str, ...] | None


class NamespaceInfo:
    """Capabilities, devices and dtypes. `mg.__array_namespace_info__()` returns it."""

    def capabilities(self) -> dict[str, Any]:
        """What is optional in the standard, and is there."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Device:
        """Where new Tensors go here and now."""
        return backends.current_device()

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """The dtypes of new Tensors, by kind."""
        return {
            "real floating": default_float(),
            "complex floating": default_complex(),
            "integral": numpy.dtype("int64"),
            "indexing": numpy.dtype("int64"),
        }

    def devices(self) -> list[Device]:
        """Every device of every backend that works on this machine."""
        return [d for name in backends.available() for d in backends.get(name).devices()]

    def dtypes(self, *, device: Any = None, kind: Kind = None) -> dict[str, DType]:
        """The standard's dtypes that a device has (the default device for None), of a kind.

        `kind` is one of the kinds of `mg.isdtype`, or a tuple of them. float16, which the standard
        does not know, is not listed.
        """
        place = self.default_device() if device is None else backends.device(device)
        names = {*place.backend.dtypes} - {"float16"}
        if place.backend.info is not None:
            names &= {*place.backend.info().dtypes(device=place.raw)}
        dtypes = {name: numpy.dtype(name) for name in place.backend.dtypes if name in names}
        if kind is None:
            return dtypes
        return {name: dtype for name, dtype in dtypes.items() if numpy.isdtype(dtype, kind)}


def namespace_info() -> NamespaceInfo:
    """What the namespace offers: its capabilities, default device, devices and dtypes."""
    return NamespaceInfo()
