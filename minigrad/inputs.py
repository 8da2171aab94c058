"""What may be handed to an operation besides Tensors, and what mixed dtypes become."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy

from .backends import Backend, Device, backend_of, current_device
from .dtypes import default_dtype_of, default_float, is_floating, weak_types, widest_float
from .tensor import Tensor

__all__ = ["describe", "lift", "promoted", "tensors_of"]


def lift(name: str, inputs: Sequence[Any], optional: bool = False) -> list[Any]:
    """Raw arrays as constants, NumPy scalars as Python numbers, a first number as a Tensor.

    True and False are truth values beside booleans, and numbers beside numbers; None stays None
    where inputs are `optional`. Raises TypeError for anything else, a list for one.
    """
    lifted = [x if optional and x is None else lift_one(name, i, x) for i, x in enumerate(inputs)]
    if any(x.__class__ is bool for x in lifted):
        tensors = [x for x in lifted if isinstance(x, Tensor)]
        device = tensors[0].device if tensors else current_device()
        among_numbers = any(x.dtype != bool for x in tensors)
        as_operand = int if among_numbers else partial(as_tensor, device=device)
        lifted = [as_operand(x) if x.__class__ is bool else x for x in lifted]
    if not any(isinstance(x, Tensor) for x in lifted):
        if not lifted:
            raise TypeError(f"{name}: takes at least one Tensor, got none")
        lifted[0] = as_tensor(lifted[0], current_device())
    return lifted


def lift_one(name: str, i: int, x: Any) -> Any:
    """Input i of the operation `name`, lifted."""
    if isinstance(x, Tensor | bool) or type(x) in weak_types:
        return x
    if isinstance(x, numpy.generic):
        return x.item()
    for kind in weak_types:
        if isinstance(x, kind):
            return kind(x)
    backend = backend_of(x)
    if backend is not None:
        try:
            return Tensor(backend.admit(x), backend.device_of(x))
        except TypeError as error:
            raise TypeError(f"{name}: input {i}: {error}") from None
    raise no_tensor(name, i, x)


def no_tensor(name: str, i: int, x: Any) -> TypeError:
    """What input i of the operation `name` is instead of a Tensor, and how to make one of it."""
    if x is None:
        return TypeError(f"{name}: input {i} is missing, or None; expected a Tensor")
    hint = ""
    if isinstance(x, list | tuple):
        tensors = any(isinstance(e, Tensor) for e in x)
        hint = "; use mg.stack(...)" if tensors else "; use mg.tensor(...)"
    elif type(x) in weak_types:
        hint = "; use mg.tensor(...)"
    return TypeError(f"{name}: input {i} is a {type(x).__name__}, not a Tensor{hint}")


def tensors_of(name: str, inputs: Sequence[Any]) -> list[Tensor]:
    """Inputs that have to be arrays, raw ones as constants. Raises TypeError for anything else."""
    found = [x if isinstance(x, Tensor) else lift_one(name, i, x) for i, x in enumerate(inputs)]
    for i, x in enumerate(found):
        if not isinstance(x, Tensor):
            raise no_tensor(name, i, x)
    return found


def as_tensor(x: Any, device: Device) -> Tensor:
    """A Python number as a 0-d Tensor of the default dtype of its kind."""
    backend = device.backend
    dtype = backend.raw_dtype(default_dtype_of(x))
    return Tensor(backend.asarray(x, dtype=dtype, device=device), device)


def promoted(backend: Backend, raw: Sequence[Any], floating: bool) -> list[Any]:
    """Raw inputs of mixed kinds, integers brought to the floating dtype among them.

    Beside a Python float or complex number, or with `floating`, integers alone become the default
    floating dtype.
    """
    floats = [x.dtype for x in raw if x.__class__ not in weak_types and is_floating(backend, x)]
    if floats:
        target = widest_float(backend, floats)
    elif floating or any(x.__class__ in (float, complex) for x in raw):
        target = backend.raw_dtype(default_float())
    else:
        return list(raw)
    return [
        backend.xp.astype(x, target)
        if x.__class__ not in weak_types and backend.dtype_of(x).kind in "iub"
        else x
        for x in raw
    ]


def describe(x: Any) -> str:
    """An input as error messages show it."""
    if isinstance(x, Tensor):
        return f"{x.shape} {x.dtype} on {x.device}"
    return f"{type(x).__name__} {x!r}"
