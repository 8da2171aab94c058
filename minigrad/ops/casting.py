"""The same values in another dtype or on another device, differentiably; and what dtypes are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from ..backends import Device
from ..backends import device as device_named
from ..dtypes import default_float
from ..primitive import Primitive, primitive
from ..record import recorded
from ..tensor import Form, Tensor, recording

__all__ = ["astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type", "to_device"]

# The walk gives a gradient its input's dtype, so the rule has nothing left to do.
_astype = primitive(
    "astype",
    lambda xp, g, y, x, *, dtype, copy: g,
    forward=lambda xp, x, *, dtype, copy: xp.astype(x, dtype, copy=copy),
    complex=True,
)
_astype_constant = Primitive(
    "astype",
    [],
    constant=True,
    forward=lambda xp, x, *, dtype, copy: xp.astype(x, dtype, copy=copy),
)
_to_device = primitive(
    "to_device", lambda xp, g, y, x, *, source: xp.to_device(g, source), complex=True
)


def astype(x: Tensor, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """x as another dtype. Between floating dtypes the gradient passes; otherwise it ends here.

    Raises TypeError for a dtype that the backend lacks, and for complex numbers as real ones.
    """
    if device is not None:
        x = to_device(x, device)
    target = numpy.dtype(dtype)
    if x.dtype.kind == "c" != target.kind:
        raise TypeError(f"astype: {x.dtype} to {target} would lose a part; use mg.real or mg.imag")
    raw = x.device.backend.raw_dtype(target)
    cast = _astype if target.kind in "fc" else _astype_constant
    return cast(x, dtype=raw, copy=copy)


def to_device(x: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """x on another device, by way of the host where libraries differ; gradients travel back.

    Raises ValueError for a stream: the result is there when the call returns.
    """
    if stream is not None:
        raise ValueError(f"to_device: stream={stream!r}; transfers are synchronous, pass none")
    target: Device = device_named(device)
    if x.device is target:
        return x
    source = x.device
    raw = target.backend.receive(source.backend, x.data, target)
    if x.node is None or not recording.get():
        return Tensor(raw, target)
    form = Form(x.data.shape, x.data.dtype)
    return recorded(_to_device, target, x.node, (x.node,), (form,), {"source": source}, raw)


def result_type(*arrays_and_dtypes: Any) -> numpy.dtype[Any]:
    """The dtype that operations on these Tensors, dtypes and Python scalars give.

    Where the standard leaves the result open, integers do not widen floating dtypes (int64 and
    float32 give float32), and become the default floating dtype beside a Python float. Raises
    ValueError unless there is a Tensor or a dtype.
    """
    scalars = [x for x in arrays_and_dtypes if isinstance(x, bool | int | float | complex)]
    dtypes = [
        x.dtype if isinstance(x, Tensor) else numpy.dtype(x)
        for x in arrays_and_dtypes
        if not isinstance(x, bool | int | float | complex)
    ]
    if not dtypes:
        raise ValueError("result_type: expected at least one Tensor or dtype beside the numbers")
    floats = [d for d in dtypes if d.kind in "fc"]
    if not floats and any(isinstance(x, float | complex) for x in scalars):
        floats = [default_float()]
    return numpy.result_type(*(floats or dtypes), *scalars)


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether every value of one dtype (or of a Tensor's) survives in another."""
    return numpy.can_cast(from_.dtype if isinstance(from_, Tensor) else from_, to)


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is of a kind such as "real floating", or one of several."""
    return numpy.isdtype(numpy.dtype(dtype), kind)


class Finfo(NamedTuple):
    """The limits of a floating dtype, as Python numbers; of a complex one, those of its parts."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: numpy.dtype[Any]


class Iinfo(NamedTuple):
    """The limits of an integer dtype, as Python numbers."""

    bits: int
    max: int
    min: int
    dtype: numpy.dtype[Any]


def finfo(type: Any, /) -> Finfo:
    """Machine limits of a floating or complex dtype (or of a Tensor's).

    Raises TypeError for any other dtype.
    """
    dtype = numpy.dtype(type.dtype if isinstance(type, Tensor) else type)
    if dtype.kind not in "fc":
        raise TypeError(f"finfo: {dtype} is no floating dtype; use mg.iinfo")
    found = numpy.finfo(dtype)
    return Finfo(
        bits=found.bits,
        eps=float(found.eps),
        max=float(found.max),
        min=float(found.min),
        smallest_normal=float(found.smallest_normal),
        dtype=found.dtype,
    )


def iinfo(type: Any, /) -> Iinfo:
    """Machine limits of an integer dtype (or of a Tensor's). Raises TypeError for any other."""
    dtype = numpy.dtype(type.dtype if isinstance(type, Tensor) else type)
    if dtype.kind not in "iu":
        raise TypeError(f"iinfo: {dtype} is no integer dtype; use mg.finfo")
    found = numpy.iinfo(dtype)
    return Iinfo(found.bits, int(found.max), int(found.min), dtype)
