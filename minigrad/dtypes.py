"""The data types: NumPy's dtype objects stand for those of every backend."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy

from .backends import Backend
from .tensor import namespace

__all__ = [
    "as_floating",
    "default_complex",
    "default_dtype_of",
    "default_float",
    "get_default_dtype",
    "is_floating",
    "set_default_dtype",
    "weak_types",
    "widest_float",
]

weak_types: frozenset[Any] = frozenset({int, float, complex})
"""Python numbers keep float32 float32; an array of one element would not."""

_default: ContextVar[numpy.dtype[Any]] = ContextVar(
    "minigrad_default_dtype",
    default=numpy.dtype("float32"),  # noqa: B039 (a dtype is immutable)
)


def get_default_dtype() -> numpy.dtype[Any]:
    """The floating dtype of new Tensors: float32, unless set otherwise."""
    return _default.get()


default_float = get_default_dtype


def default_complex() -> numpy.dtype[Any]:
    """The complex dtype of new Tensors: that whose parts have the default floating dtype."""
    return numpy.result_type(_default.get(), numpy.complex64)


def default_dtype_of(*numbers: Any) -> numpy.dtype[Any]:
    """The dtype of a new Tensor that is made of these Python numbers."""
    kind = numpy.result_type(*map(type, numbers)).kind
    return {"f": default_float(), "c": default_complex()}.get(
        kind, numpy.dtype("bool" if kind == "b" else "int64")
    )


def set_default_dtype(dtype: Any) -> None:
    """Make `dtype` (float16, float32 or float64) the floating dtype of new Tensors.

    Holds in this thread or task. Raises TypeError for any other dtype.
    """
    dtype = numpy.dtype(dtype)
    if dtype.kind != "f" or dtype.itemsize > 8:
        raise TypeError(f"set_default_dtype: expected float16, float32 or float64, got {dtype}")
    _default.set(dtype)


def is_floating(backend: Backend, x: Any) -> bool:
    """Whether a raw array holds real floating-point or complex numbers."""
    return backend.dtype_of(x).kind in "fc"


def widest_float(backend: Backend, dtypes: list[Any]) -> Any:
    """The raw dtype that floating dtypes promote to."""
    return dtypes[0] if len(dtypes) == 1 else backend.xp.result_type(*dtypes)


def as_floating(x: Any) -> Any:
    """`x`, integers and booleans cast to the default floating dtype."""
    if x.data.dtype in x.device.backend.floats or x.dtype.kind not in "iub":
        return x
    return namespace.astype(x, get_default_dtype())
