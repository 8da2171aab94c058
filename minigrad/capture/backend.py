"""Capture's backend: NumPy's, over arrays that write down what is done to them.

The words are those of the NumPy backend, and run as they stand; only what makes an array out of
nothing, or out of what is no array, has to be said again.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from ..backends import Device, claim, get
from ..backends.backend import Backend
from ..backends.indexing import is_basic
from ..backends.numpy import ones
from ..backends.windows import fold_into, strided_layout
from ..tensor import Tensor
from ..where import is_ours
from .errors import refusal
from .recorded import Recorded, Scalar, asked, call, made, real_of, truth
from .tape import ATOM, active
from .writing import Phrase

__all__ = ["device"]

CREATIONS = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros", "tri")


class CaptureBackend(Backend):
    """The NumPy backend, with the tape running."""

    def __init__(self) -> None:
        numpy = get("numpy")
        self.name = "capture"
        self.device_prefix = "capture"
        self.xp = type(numpy.xp)(**vars(numpy.xp))
        self.xp.__name__ = "numpy"  # whose kernels may stand in
        self.xp.run_kernel = run_kernel
        for name in CREATIONS:
            if hasattr(numpy.xp, name):
                setattr(self.xp, name, creation(name))
        for word in (asarray, broadcast_to, count_nonzero, fold, index_set, scatter_add, windows):
            setattr(self.xp, word.__name__, word)
        self.xp.sum = partial(sum_with_rows, numpy.xp.sum)
        self.info = numpy.info
        self.dtypes, self.floats, self._names = numpy.dtypes, numpy.floats, numpy._names
        self.array_type = Recorded
        self.xp.to_device = self._to_device
        self._devices = {}
        self.cpu = Device(self, "cpu", "capture")

    def wrap_device(self, raw: Any) -> Device:
        return self.cpu

    def device_of(self, array: Any) -> Device:
        return self.cpu

    def default_device(self) -> Device:
        return self.cpu

    def dtype_of(self, array: Any) -> np.dtype[Any]:
        return array.dtype

    def admit(self, array: Any) -> Any:
        return asarray(array)

    def is_view(self, array: Any) -> bool:
        return get("numpy").is_view(array.real)

    def copy(self, array: Any) -> Any:
        return copied(array)

    def asarray(self, data: Any, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
        return asarray(data, dtype=dtype, copy=copy)

    def to_numpy(self, array: Any) -> Any:
        """Refused, but for a check of minigrad's own: it becomes one of the program's.

        What minigrad asks for itself, it asks for an error message. If there is no error, there is
        one of capture's at the end of the step.
        """
        frame: Any = sys._getframe(1)
        asks = ""
        while frame is not None and frame.f_code.co_filename in CONVERSIONS:
            asks, frame = frame.f_code.co_name, frame.f_back
        by_us = frame is not None and is_ours[frame.f_code.co_filename]
        if by_us and asks == "__bool__":
            truth(array, frame)
            return array.real
        refusal = asked(ASKS.get(asks, "a move to another device"))
        if by_us:
            array.tape.refusal = array.tape.refusal or refusal
            return array.real
        raise refusal

    def receive(self, sender: Backend, array: Any, device: Device) -> Any:
        raise refusal(
            "an array comes in that the step was not given",
            "hand it over as an argument, or make it a Tensor outside: mg.asarray(array)",
        )


CONVERSIONS = {Tensor.item.__code__.co_filename, Tensor.__repr__.__code__.co_filename}
"""The files in which a Tensor hands out its values."""

ASKS = {
    "__bool__": "the truth of a Tensor (`if`, `while`, `and`, bool)",
    "__float__": "float(tensor)",
    "__int__": "int(tensor)",
    "__complex__": "complex(tensor)",
    "__index__": "a Tensor as an index",
    "__array__": "np.asarray(tensor)",
    "__repr__": "print(tensor)",
    "item": "tensor.item()",
    "tolist": "tensor.tolist()",
    "numpy": "tensor.numpy()",
}


@cache
def device() -> Device:
    """The one device of capture's backend."""
    backend = CaptureBackend()
    for kind in (Recorded, Scalar):
        claim(kind, backend)
    return backend.cpu


def run_kernel(kernel: Callable[..., Any], arrays: Any, params: dict[str, Any]) -> Any:
    """A fused kernel is one call, which the source imports by name."""
    tape = active.get()
    assert tape is not None
    result = kernel(*real_of(arrays), **real_of(params))
    if result is NotImplemented:
        return result
    phrase = Phrase(tape)
    name = kernel.__name__
    text = f"{tape.refer(kernel, name, imported(kernel))}({phrase.arguments(arrays, params)})"
    return made(phrase, text, ATOM, result)


def imported(kernel: Any) -> str:
    """The line that imports a kernel; a remark for one that can't be imported."""
    module, name = kernel.__module__, kernel.__qualname__
    if getattr(sys.modules.get(module), name, None) is not kernel:
        return f"# {{name}} is {module}.{name}, which can't be imported: it is handed in"
    return f"from {module} import {name} as {{name}}"


def creation(name: str) -> Callable[..., Any]:
    """A function of NumPy's that makes an array."""
    function = getattr(np, name)

    def word(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        tape = active.get()
        assert tape is not None
        phrase = Phrase(tape)
        options = {k: v for k, v in kwargs.items() if v is not None}
        text = f"np.{name}({phrase.arguments(args, options)})"
        return made(phrase, text, ATOM, function(*args, **options))

    word.__name__ = name
    return word


def asarray(data: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Numbers as a constant of the program; an array of it as another dtype, or copied."""
    tape = active.get()
    assert tape is not None
    if not isinstance(data, Recorded):
        real = np.array(data, dtype=dtype)
        phrase = Phrase(tape)
        if real.ndim == 0:
            text = f"np.array({phrase.literal(real.item())}, {phrase.literal(real.dtype)})"
        else:
            text = f"{phrase.of(real)}.copy()"
        return made(phrase, text, ATOM, real)
    if isinstance(data.real, np.ndarray):
        kind = data.dtype if dtype is None else dtype
        if not copy:
            return data.astype(kind, copy=False)
        return data.astype(kind) if kind != data.dtype else copied(data)
    phrase = Phrase(tape)
    real = np.asarray(data.real, dtype=dtype)
    options = {} if dtype is None else {"dtype": dtype}
    return made(phrase, f"np.asarray({phrase.arguments([data], options)})", ATOM, real)


def sum_with_rows(of_numpy: Any, x: Any, /, **options: Any) -> Any:
    """NumPy's word adds up rows by a method of an array of ones, which no protocol sees."""
    axis, others = options.get("axis"), options.get("dtype") or options.get("keepdims")
    if x.ndim == 2 and x.dtype == np.float32 and axis in (0, (0,)) and not others:
        return call(np.dot, (ones(len(x)), x), {})
    return of_numpy(x, **options)


def copied(x: Any) -> Any:
    """`np.array(x)`: unlike `x.copy()`, in the order of x's own memory."""
    phrase = Phrase(x.tape)
    return made(phrase, f"np.array({phrase.of(x)})", ATOM, np.array(x.real))


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    if math.prod(shape) > 16384:
        return call(np.broadcast_to, (x, shape), {})
    y = creation("empty")(shape, dtype=x.dtype)
    y[...] = x
    return y


def count_nonzero(x: Any, /, **options: Any) -> Any:
    phrase = Phrase(x.tape)
    text = f"np.asarray(np.count_nonzero({phrase.arguments([x], options)}))"
    return made(phrase, text, ATOM, np.asarray(np.count_nonzero(x.real, **options)))


def scatter_add(v: Any, key: Any, shape: tuple[int, ...]) -> Any:
    zeros = creation("zeros")
    if is_basic(key):
        total = zeros(shape, dtype=v.dtype)
        total[key] = v
        return total
    total = zeros(shape, dtype=np.dtype("float32") if v.dtype == np.float16 else v.dtype)
    np.add.at(total, key, v)
    return total.astype(v.dtype, copy=False)


def index_set(x: Any, key: Any, v: Any) -> Any:
    y = copied(x)
    y[key] = v
    return y


def windows(x: Any, shape: Any, strides: Any, dilation: Any) -> Any:
    seen, steps = strided_layout(x, shape, strides, dilation)
    as_strided = np.lib.stride_tricks.as_strided
    tape = x.tape
    phrase = Phrase(tape)
    text = (
        f"np.lib.stride_tricks.as_strided({phrase.of(x)}, {seen}, {tuple(map(int, steps))}, "
        "writeable=False)"
    )
    return made(phrase, text, ATOM, as_strided(x.real, seen, steps, writeable=False), view=True)


def fold(w: Any, size: Any, strides: Any, dilation: Any) -> Any:
    return fold_into(creation("zeros"), w, size, strides, dilation)
