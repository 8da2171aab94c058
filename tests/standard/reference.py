"""What the standard says, read from array-api-strict, and NumPy in the standard's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import array_api_compat.numpy as numpy_standard
import array_api_strict as strict
import numpy as np
from array_api_strict._array_object import Array

import minigrad as mg

__all__ = [
    "BOOL", "COMPLEX", "FLOATS", "INTS", "UINTS", "all_dtypes", "array_members", "constants",
    "dtype_name", "functions", "namespace_of", "numpy_standard", "parameters", "strict",
]  # fmt: skip

BOOL = ("bool",)
INTS = ("int8", "int16", "int32", "int64")
UINTS = ("uint8", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
all_dtypes = (*BOOL, *INTS, *UINTS, *FLOATS, *COMPLEX)
constants = ("e", "inf", "nan", "newaxis", "pi")

flags = {"ArrayAPIStrictFlags", *(f"{verb}_array_api_strict_flags" for verb in ("get", "set"))}
not_of_2024 = {*flags, "reset_array_api_strict_flags", "Device", "broadcast_shapes", "isin"}
"""What array-api-strict has besides: its own flags and type, and functions that came in 2025.12."""

not_of_the_array = {"__array__", "__buffer__", "__init__", "__iter__", "__new__", "__str__"}
not_of_the_array |= {"__hash__", "__repr__", "__weakref__"}
"""What array-api-strict's array has besides: how Python and NumPy see it."""


def namespace_of(place: str, root: Any) -> Any:
    """The main namespace, or its extension called `place`."""
    return root if place == "main" else getattr(root, place)


def functions() -> Iterator[tuple[str, str]]:
    """Every function of the standard, as namespace and name."""
    for place in ("main", "linalg", "fft"):
        namespace = namespace_of(place, strict)
        for name in namespace.__all__:
            if name in not_of_2024 or name in constants or name in all_dtypes:
                continue
            if callable(getattr(namespace, name)) and not name.startswith("__array_api"):
                yield place, name


def array_members() -> list[str]:
    """Every attribute and method of the standard's array object."""
    own = [name for name in vars(Array) if not name.startswith("_") or name.startswith("__")]
    machinery = {"__annotations__", "__dict__", "__doc__", "__module__", "__slots__"}
    return [name for name in own if name not in machinery | not_of_the_array]


def parameters(function: Callable[..., Any]) -> list[tuple[str, str, Any]]:
    """Name, kind and default of each parameter; strict's placeholder for None counts as None."""
    return [
        (p.name, p.kind.name, None if "Undef" in type(p.default).__name__ else p.default)
        for p in signature(function).parameters.values()
    ]


def dtype_name(dtype: Any) -> str:
    """`float32` for that dtype of any library."""
    return str(dtype).rpartition(".")[2]


def to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """The values of a Tensor or a strict array."""
    return x.numpy() if isinstance(x, mg.Tensor) else np.asarray(x)
