"""Module: a function with memory, made of other modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy

from ..backends import Device
from ..backends import device as device_of
from ..handles import RemovableHandle
from ..tensor import Tensor
from ..tensor import namespace as mg
from .hooks import ForwardHooks
from .state import IncompatibleKeys, load_state_dict, state_dict
from .tree import Tree

__all__ = ["Module"]


class Module(Tree):
    """The base of every layer and net. A subclass defines `forward`; calling a module runs it.

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(2, 16)
                self.out = nn.Linear(16, 1)

            def forward(self, x):
                return self.out(mg.tanh(self.hidden(x)))

    `training` tells layers such as Dropout which of their two ways to behave; `train()` and
    `eval()` set it in the whole tree.
    """

    training: bool = True
    forward: Callable[..., Any]
    _hooks: ForwardHooks | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks is None:
            return self.forward(*args, **kwargs) if kwargs else self.forward(*args)
        return self._hooks.call(self, args, kwargs)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before each forward.

        What it returns, unless None, replaces the positional arguments. With `with_kwargs` it is
        called `hook(module, args, kwargs)`, and returns a pair (args, kwargs) or None.
        """
        self._hooks = self._hooks or ForwardHooks()
        handle = RemovableHandle(self._hooks.before, hook)
        if with_kwargs:
            self._hooks.with_kwargs.add(handle.key)
        return handle

    def register_forward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, args, output)` after each forward.

        What it returns, unless None, replaces the output.
        """
        self._hooks = self._hooks or ForwardHooks()
        return RemovableHandle(self._hooks.after, hook)

    # --- the whole tree at once ------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set `training` to `mode` in this module and all below it; return the module."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: the mode is True or False, not {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set `training` to False in this module and all below it; return the module."""
        return self.train(False)

    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call `fn` with every module, children before their parents; return the module."""
        for module in self._bottom_up():
            fn(module)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for, or decline, the gradient of every parameter; return the module."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or make them zero."""
        for p in self.parameters():
            p.grad = None if set_to_none or p.grad is None else mg.zeros_like(p.grad)

    def to(self, *args: Any, device: Device | str | None = None, dtype: Any = None) -> Self:
        """Move parameters and buffers to a device, convert the floating ones to a dtype; or both.

        The Tensors stay the same objects, so an optimiser keeps its hold on them. Takes the device
        and dtype by position, in any order, too. Returns the module.
        """
        for arg in args:
            if isinstance(arg, Device | str):
                device = arg
            else:
                dtype = arg
        target = None if device is None else device_of(device)
        dtype = None if dtype is None else numpy.dtype(dtype)
        if dtype is not None and dtype.kind != "f":
            raise TypeError(f"to: a module can be converted to a floating dtype, not to {dtype}")
        for tensor in [*self.parameters(), *self.buffers()]:
            move(tensor, target, dtype)
            if tensor.grad is not None:
                move(tensor.grad, target, dtype)
        return self

    def float(self) -> Self:
        """Convert parameters and floating buffers to float32; return the module."""
        return self.to(dtype="float32")

    def double(self) -> Self:
        """Convert parameters and floating buffers to float64; return the module."""
        return self.to(dtype="float64")

    # --- state -----------------------------------------------------------------------------------

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        """Every parameter and persistent buffer by its path; see `nn.state`."""
        return state_dict(self, prefix=prefix, keep_vars=keep_vars)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> IncompatibleKeys:
        """Copy the values of a state dict into this module and those below it; see `nn.state`."""
        return load_state_dict(self, state_dict, strict)

    def refuse_state(self, name: str, value: numpy.ndarray[Any, Any]) -> str | None:
        """Why `value` must not be loaded as this module's `name`, or None; a subclass's to say."""
        return None

    # --- showing ---------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the parentheses of this module's line; a subclass's to say."""
        return ""

    def __repr__(self) -> str:
        texts: dict[Module, str] = {}
        for module in self._bottom_up():
            texts[module] = module._describe([(n, texts[m]) for n, m in module._children()])
        return texts[self]

    def _describe(self, children: list[tuple[str, str]]) -> str:
        """This module's text, given the name and the text of each child."""
        extra = self.extra_repr()
        lines = [*extra.split("\n")] if extra else []
        if children or len(lines) > 1:
            lines += [f"({name}): {text}".replace("\n", "\n  ") for name, text in children]
            return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"
        return f"{type(self).__name__}({extra})"


def move(tensor: Tensor, device: Device | None, dtype: Any) -> None:
    """Give `tensor` its value on another device, or in another dtype, in place."""
    value = tensor.detach()
    if dtype is not None and value.dtype.kind == "f":
        value = mg.astype(value, dtype)
    if device is not None:
        value = mg.to_device(value, device)
    tensor.data, tensor.device = value.data, value.device
