"""New Tensors: from data, from a rule, from another Tensor's shape."""

from __future__ import annotations

from array import array
from typing import Any

import numpy

from ..backends import Device, backend_of, current_device
from ..backends import device as device_named
from ..dtypes import default_complex, default_dtype_of, default_float
from ..primitive import Primitive
from ..tensor import Tensor, namespace

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "tensor",
    "zeros",
    "zeros_like",
]

Shape = int | tuple[int, ...]


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A new Tensor with a copy of `data`: a number, nested lists, an array, a Tensor.

    Python floats get the default dtype; an array keeps its own. Where it goes: see `asarray`.
    Raises TypeError for lists that hold Tensors (use `mg.stack`) and for data that is no array.
    """
    new = asarray(data, dtype=dtype, device=device, copy=True).detach()
    return new.requires_grad_() if requires_grad else new


def asarray(
    obj: Any,
    /,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`obj` as a Tensor: a number, nested lists, an array, a buffer such as a memoryview.

    An array or a buffer keeps its dtype, and shares its memory unless `copy`, dtype or device
    forbid. Without `device`, a Tensor and an array of a library other than NumPy stay where they
    are, everything else goes to the default device. Raises TypeError for lists that hold Tensors
    and for data that is no array, ValueError if `copy=False` can't be had.
    """
    if isinstance(obj, Tensor):
        new = convert("asarray", obj, dtype, device, copy)
    else:
        if isinstance(obj, memoryview | bytearray | bytes | array):
            obj = numpy.asarray(memoryview(obj))
        backend = backend_of(obj)
        if backend is None:
            obj = from_python(obj, dtype)
            target = device_named(device) if device is not None else current_device()
            if copy is False:
                raise ValueError("asarray: copy=False, but Python data has to be copied")
            backend, source = target.backend, target
            raw_dtype = backend.raw_dtype(obj.dtype if dtype is None else dtype)
            new = Tensor(backend.asarray(obj, dtype=raw_dtype, device=target), source)
        else:
            try:
                admitted = backend.admit(obj)
            except TypeError as error:
                raise TypeError(f"asarray: {error}") from None
            if device is None and backend.name == "numpy":
                device = current_device()
            new = convert("asarray", Tensor(admitted, backend.device_of(obj)), dtype, device, copy)
    if not requires_grad or new.requires_grad:
        return new
    return (new.detach() if new is obj else new).requires_grad_()


def convert(name: str, x: Tensor, dtype: Any, device: Any, copy: bool | None) -> Tensor:
    """x as `dtype` on `device`; a copy if asked for, and an error if forbidden but needed."""
    from .casting import astype, to_device

    y = x
    if device is not None:
        y = to_device(y, device)
    if dtype is not None and y.dtype != numpy.dtype(dtype):
        y = astype(y, dtype)
    if y.data is x.data:
        if copy:
            y = _copy(y)
    elif copy is False:
        raise ValueError(f"{name}: copy=False, but {x.dtype} on {x.device} has to be converted")
    return y


_copy = Primitive(
    "copy",
    [lambda xp, g, y, x: g],
    forward=lambda xp, x: xp.asarray(x, copy=True),
    complex=True,
)


def from_python(data: Any, dtype: Any) -> numpy.ndarray[Any, Any]:
    """Numbers and nested lists as a NumPy array, in the default dtype of their kind."""
    if any(isinstance(leaf, Tensor) for leaf in leaves(data)):
        raise TypeError(
            "asarray: a list of Tensors would lose their history; "
            "use mg.stack(list) or mg.concat(list)"
        )
    try:
        array = numpy.asarray(data)
    except ValueError as error:
        raise ValueError(f"asarray: {error}") from error
    if array.dtype.kind not in "biufc":
        raise TypeError(f"asarray: expected numbers, got {type(data).__name__} ({array.dtype})")
    if dtype is None and not isinstance(data, numpy.generic):
        if array.dtype == "float64":
            array = array.astype(default_float())
        elif array.dtype == "complex128":
            array = array.astype(default_complex())
    return array


def leaves(data: Any) -> list[Any]:
    """What nested lists and tuples hold."""
    found, stack = [], [data]
    while stack:
        item = stack.pop()
        if isinstance(item, list | tuple):
            stack.extend(item)
        else:
            found.append(item)
    return found


def from_dlpack(
    x: Any, /, *, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """The array of another library as a Tensor, through DLPack, sharing memory where it can.

    A producer on the CPU becomes a NumPy-backed Tensor, one on CUDA a CuPy-backed one.
    """
    from ..backends import get

    if isinstance(x, Tensor):
        source = x
    else:
        backend = get("cupy" if x.__dlpack_device__()[0] == 2 else "numpy")
        raw = backend.xp.from_dlpack(x)
        source = Tensor(raw, backend.device_of(raw))
    new = convert("from_dlpack", source, None, device, copy)
    if not requires_grad or new.requires_grad:
        return new
    return new.detach().requires_grad_()


def made(
    name: str, args: tuple[Any, ...], dtype: Any, device: Any, requires_grad: bool, **options: Any
) -> Tensor:
    """What the backend's creation function `name` makes on `device`."""
    target: Device = current_device() if device is None else device_named(device)
    backend = target.backend
    raw_dtype = backend.raw_dtype(default_float() if dtype is None else dtype)
    try:
        raw = getattr(backend.xp, name)(*args, dtype=raw_dtype, device=target.raw, **options)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error
    new = Tensor(raw, target)
    return new.requires_grad_() if requires_grad else new


def zeros(
    shape: Shape, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of `shape`, in the default floating dtype unless told otherwise."""
    return made("zeros", (shape,), dtype, device, requires_grad)


def ones(
    shape: Shape, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones of `shape`, in the default floating dtype unless told otherwise."""
    return made("ones", (shape,), dtype, device, requires_grad)


def empty(
    shape: Shape, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor of `shape` whose values are whatever was in memory."""
    return made("empty", (shape,), dtype, device, requires_grad)


def full(
    shape: Shape,
    fill_value: float | Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`fill_value` everywhere; the dtype is that of its kind unless given.

    A Tensor in place of the number is broadcast, differentiably.
    """
    if isinstance(fill_value, Tensor):
        shape = (shape,) if isinstance(shape, int) else shape
        filled = namespace.broadcast_to(asarray(fill_value, dtype=dtype, device=device), shape)
        return filled.requires_grad_() if requires_grad else filled
    if dtype is None:
        dtype = default_dtype_of(fill_value)
    return made("full", (shape, fill_value), dtype, device, requires_grad)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones on the k-th diagonal, zeros elsewhere."""
    return made("eye", (n_rows, n_cols), dtype, device, requires_grad, k=k)


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from `start` (0 if only one is given) up to but not including `stop`."""
    if stop is None:
        start, stop = 0, start
    if dtype is None:
        dtype = default_dtype_of(start, stop, step)
    return made("arange", (start, stop, step), dtype, device, requires_grad)


def linspace(
    start: complex,
    stop: complex,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
    requires_grad: bool = False,
) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop`, which they hold if `endpoint`.

    The dtype is the default floating one, or for complex ends the default complex one.
    """
    if dtype is None:
        dtype = default_dtype_of(start, stop, 0.0)
    return made("linspace", (start, stop, num), dtype, device, requires_grad, endpoint=endpoint)


def zeros_like(
    x: Tensor, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of x's shape, dtype and device."""
    return zeros(x.shape, **like(x, dtype, device), requires_grad=requires_grad)


def ones_like(
    x: Tensor, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones of x's shape, dtype and device."""
    return ones(x.shape, **like(x, dtype, device), requires_grad=requires_grad)


def empty_like(
    x: Tensor, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor of x's shape, dtype and device, its values whatever was in memory."""
    return empty(x.shape, **like(x, dtype, device), requires_grad=requires_grad)


def full_like(
    x: Tensor,
    /,
    fill_value: float | Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`fill_value` everywhere, in x's shape, dtype and device."""
    return full(x.shape, fill_value, **like(x, dtype, device), requires_grad=requires_grad)


def like(x: Tensor, dtype: Any, device: Any) -> dict[str, Any]:
    return {
        "dtype": x.dtype if dtype is None else dtype,
        "device": x.device if device is None else device,
    }
