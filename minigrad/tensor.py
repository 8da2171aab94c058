"""Tensor: an array that knows where it came from. No mathematics.

A Tensor is a value: a raw array of some backend that nothing in minigrad ever writes to. If it
takes part in differentiation it also has a node (`minigrad.node`).
"""

from __future__ import annotations

import math
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from .handles import RemovableHandle
from .node import SMALL, Barrier, Form, Leaf, Node, next_index
from .operators import Operators, namespace
from .where import is_ours

if TYPE_CHECKING:
    from .backends import Backend, Device
    from .primitive import Primitive

# fmt: off
__all__ = [
    "KINDS", "SMALL", "Barrier", "Form", "Leaf", "Node", "Tensor", "namespace", "recorded",
    "recording",
]
# fmt: on

recording: ContextVar[bool] = ContextVar("minigrad_recording", default=True)

KINDS = "buifc"
"""The kinds of dtype, each of which can take the values of those before it."""

HOST = (1, 0)
"""The memory of the CPU, in DLPack's numbers."""


class Tensor(Operators):
    """An array of the array API standard that remembers how it was computed.

    Make one with `mg.tensor` or `mg.asarray`. `data` is the raw array of the backend, `grad` the
    gradient that `backward()` left (a Tensor, or None).
    """

    __slots__ = ("__weakref__", "data", "device", "grad", "node")
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, data: Any, device: Device, node: Any = None) -> None:
        self.data = data
        self.device = device
        self.node = node
        self.grad: Tensor | None = None

    # --- what it is ------------------------------------------------------------------------------

    @property
    def backend(self) -> Backend:
        """The backend whose array `data` is."""
        return self.device.backend

    @property
    def dtype(self) -> np.dtype[Any]:
        """The data type, as NumPy's object of that name."""
        return self.device.backend.dtype_of(self.data)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.data.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.data.shape)

    @property
    def requires_grad(self) -> bool:
        """Whether derivatives with respect to this Tensor are recorded."""
        return self.node is not None and self.node.differentiable

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user rather than by a recorded operation."""
        return not isinstance(self.node, Node)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for (or decline) a gradient, and return the Tensor itself.

        Raises ValueError on the result of a recorded operation, TypeError on a dtype that has no
        gradient (integer, boolean).
        """
        if isinstance(self.node, Node):
            if requires_grad:
                return self
            raise ValueError(
                f"requires_grad_: this Tensor is the result of {self.node!r}; "
                "use .detach() for a copy without history"
            )
        if not requires_grad:
            self.node = None
        elif not isinstance(self.node, Leaf):
            if self.dtype.kind not in "fc":
                raise TypeError(
                    f"requires_grad: only floating-point Tensors have gradients, not {self.dtype}"
                )
            self.node = Leaf(self)
        return self

    def detach(self) -> Tensor:
        """The same value without its history: a constant."""
        return Tensor(self.data, self.device)

    # --- gradients -------------------------------------------------------------------------------

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add the derivatives of this Tensor to the `grad` of the leaves it was computed from.

        `gradient` is the cotangent, of this Tensor's shape; only a Tensor with a single element may
        go without. See `mg.autograd.backward`.
        """
        namespace.autograd.backward(self, gradient, retain_graph=retain_graph)

    def retain_grad(self) -> None:
        """Let `backward` leave the gradient of this intermediate Tensor in `grad`."""
        if isinstance(self.node, Leaf):
            return
        if isinstance(self.node, Node):
            self._release_grad()
        self.register_hook(KeepGrad(self))

    def _release_grad(self) -> bool:
        """Undo `retain_grad`; whether there was anything to undo."""
        hooks = self.node.hooks or {}
        mine = [k for k, h in hooks.items() if isinstance(h, KeepGrad) and h.tensor() is self]
        for key in mine:
            del hooks[key]
        return bool(mine)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(gradient)` when the gradient of this Tensor is known.

        What the hook returns, unless None, takes the place of the gradient. The handle that comes
        back has `remove()`.
        """
        if not self.requires_grad:
            raise ValueError("register_hook: this Tensor does not require grad")
        if self.node.hooks is None:
            self.node.hooks = {}
        return RemovableHandle(self.node.hooks, hook)

    # --- as a number, as an array of another library ---------------------------------------------

    def numpy(self) -> np.ndarray[Any, Any]:
        """The values as a NumPy array that shares no memory with the Tensor."""
        self._refuse_if_differentiable("numpy()")
        return np.array(self.device.backend.to_numpy(self.data))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        self._refuse_if_differentiable("np.asarray(tensor)")
        if self.device.backend.name not in ("numpy", "strict"):
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
        return iter([self[i] for i in range(self.shape[0])])

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

    # --- showing and copying ---------------------------------------------------------------------

    def __repr__(self) -> str:
        values = np.array2string(
            self.device.backend.to_numpy(self.data),
            precision=4,
            separator=", ",
            prefix="tensor(",
            threshold=200,
        )
        notes = ""
        if self.dtype != namespace.get_default_dtype() and self.dtype.kind not in "ib":
            notes += f", dtype={self.dtype}"
        if self.device != "cpu":
            notes += f", device={self.device.name!r}"
        if isinstance(self.node, Leaf):
            notes += ", requires_grad=True"
        elif isinstance(self.node, Node):
            notes += f", from={self.node.primitive.name}"
        return f"tensor({values}{notes})"

    def _repr_html_(self) -> str:
        text = repr(self).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        form = f"shape {self.shape}, {self.dtype}, on {self.device}"
        return f'<pre title="{form}">{text}</pre>'

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A copy of the value. A leaf becomes a leaf of its own; a result keeps its history."""
        copy = self.__class__.__new__(self.__class__)
        Tensor.__init__(copy, self.device.backend.copy(self.data), self.device)
        memo[id(self)] = copy
        if isinstance(self.node, Leaf):
            copy.node = Leaf(copy)
        else:
            copy.node = self.node
        if self.grad is not None:
            copy.grad = self.grad.__deepcopy__(memo)
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self.node, Node):
            raise TypeError(f"pickle: this Tensor is the result of {self.node!r}; detach it first")
        values = self.device.backend.to_numpy(self.data)
        return _unpickle, (self.__class__, values, self.device, self.requires_grad)

    # --- assignment: the handle gets a new value, no other Tensor changes ------------------------

    def __setitem__(self, key: Any, value: Any, /) -> None:
        self._rebind(namespace.index_set(self, key, value), "x[key] = value")

    def _rebind(self, new: Tensor, what: str) -> Tensor:
        if new.data.shape != self.data.shape:
            raise ValueError(f"{what}: shape {self.shape} can't become {new.shape}")
        if new.data.dtype != self.data.dtype:
            if KINDS.index(new.dtype.kind) > KINDS.index(self.dtype.kind):
                raise TypeError(f"{what}: a result of {new.dtype} can't become {self.dtype}")
            new = namespace.astype(new, self.dtype)
        if not isinstance(self.node, Leaf):
            retained = isinstance(self.node, Node) and self._release_grad()
            self.node = new.node
            if retained and isinstance(self.node, Node):
                self.retain_grad()
        elif recording.get():
            raise ValueError(
                f"{what}: this Tensor is a leaf that requires grad; assign inside "
                "`with mg.no_grad():`, or write y = x.at[key].set(value)"
            )
        self.data = new.data
        return self

    @property
    def at(self) -> Any:
        """`x.at[key].set(v)` and `x.at[key].add(v)`: a new Tensor with `v` put at `key`."""
        return namespace.At(self)

    def __iadd__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.add(self, other), "x += y")

    def __isub__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.subtract(self, other), "x -= y")

    def __imul__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.multiply(self, other), "x *= y")

    def __itruediv__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.divide(self, other), "x /= y")

    def __ifloordiv__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.floor_divide(self, other), "x //= y")

    def __imod__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.remainder(self, other), "x %= y")

    def __ipow__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.pow(self, other), "x **= y")

    def __imatmul__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.matmul(self, other), "x @= y")

    def __iand__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.bitwise_and(self, other), "x &= y")

    def __ior__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.bitwise_or(self, other), "x |= y")

    def __ixor__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.bitwise_xor(self, other), "x ^= y")

    def __ilshift__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.bitwise_left_shift(self, other), "x <<= y")

    def __irshift__(self, other: Any, /) -> Tensor:
        return self._rebind(namespace.bitwise_right_shift(self, other), "x >>= y")


def recorded(
    primitive: Primitive,
    device: Device,
    live: Any,
    parents: tuple[Any, ...],
    inputs: tuple[Any, ...],
    params: dict[str, Any],
    y: Any,
    residuals: Sequence[Any] = (),
) -> Tensor:
    """The result y with its node; one that was computed from gradients alone has their barrier.

    `live` is one of the parents that are there. Objects filled in here are made in half the time
    of those with an `__init__`, and most of what an operation costs is spent here.
    """
    tensor = _new_tensor(Tensor)
    tensor.data = y
    tensor.device = device
    tensor.grad = None
    if live.__class__ is Barrier:
        for parent in parents:
            if parent is not None and parent.differentiable:
                break
        else:
            tensor.node = live
            return tensor
    if y.size > SMALL or (not primitive.broadcasts and getattr(inputs[0], "size", 0) > SMALL):
        inputs, y = primitive.kept(parents, inputs, y)
    tensor.node = node = Node()
    node.primitive = primitive
    node.device = device
    node.parents = parents
    node.inputs = inputs
    node.params = params
    node.output = y
    node.residuals = residuals
    node.hooks = None
    node.index = next_index()
    frame = _frame(primitive.depth)
    code = frame.f_code
    while is_ours[code.co_filename] and frame.f_back is not None:
        frame = frame.f_back
        code = frame.f_code
    node.code = code
    node.instruction = frame.f_lasti
    return tensor


_frame = sys._getframe
_new_tensor = object.__new__


class KeepGrad:
    """The hook of `retain_grad`. It knows its Tensor weakly, as the node that holds it must."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = weakref.ref(tensor)

    def __call__(self, gradient: Tensor) -> None:
        tensor = self.tensor()
        if tensor is not None:
            tensor.grad = gradient if tensor.grad is None else tensor.grad + gradient


def _unpickle(kind: type[Tensor], values: Any, device: Device, requires_grad: bool) -> Tensor:
    tensor = kind.__new__(kind)
    Tensor.__init__(tensor, device.backend.asarray(values, device=device, copy=True), device)
    return tensor.requires_grad_() if requires_grad else tensor
