"""State dicts: the parameters and persistent buffers of a module, by their paths.

A state dict is a plain dict of Tensors. Its keys are PyTorch's, so it moves both ways:

    torch_net.load_state_dict({k: torch.asarray(v.numpy()) for k, v in net.state_dict().items()})
    net.load_state_dict(torch_net.state_dict())
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from ..backends import backend_of
from ..tensor import Tensor
from .tree import join

if TYPE_CHECKING:
    from .module import Module

__all__ = ["IncompatibleKeys", "load_state_dict", "state_dict"]


class IncompatibleKeys(NamedTuple):
    """What a module has and the state dict lacked, and the other way round."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def state_dict(module: Module, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
    """The parameters and persistent buffers of `module` and all below it.

    The values are constants that later training does not change; with `keep_vars`, they are the
    module's own Tensors.
    """
    own = persistent(module)
    return {prefix + name: t if keep_vars else t.detach() for name, t in own.items()}


def load_state_dict(
    module: Module, state_dict: Mapping[str, Any], strict: bool = True
) -> IncompatibleKeys:
    """Copy the values of `state_dict` into the parameters and persistent buffers of `module`.

    The values are Tensors, NumPy arrays, or arrays that NumPy can read, as a PyTorch tensor; they
    take the dtype and device of what they fill. With `strict`, the keys must be the same on both
    sides. Raises RuntimeError, with everything that does not fit or that a module refuses (see
    `Module.refuse_state`), before anything is changed.
    """
    own = persistent(module)
    missing = [name for name in own if name not in state_dict]
    unexpected = [name for name in state_dict if name not in own]
    faults = [f"missing: {name}" for name in missing] if strict else []
    faults += [f"unexpected: {name}" for name in unexpected] if strict else []
    new: dict[str, Any] = {}
    for name, tensor in own.items():
        if name in state_dict:
            value = host_array(state_dict[name])
            if value is None or not numpy.can_cast(value.dtype, tensor.dtype, "same_kind"):
                kind = type(state_dict[name]).__name__ if value is None else value.dtype
                faults.append(f"{name}: {kind} can't become {tensor.dtype}")
            elif value.shape != tensor.shape:
                faults.append(
                    f"{name}: shape {value.shape} in the state dict, {tensor.shape} in the module"
                )
            else:
                new[name] = value
    faults += refusals(module, new)
    if faults:
        listed = "\n  ".join(faults)
        raise RuntimeError(
            f"load_state_dict: the state dict does not fit {type(module).__name__}, "
            f"and nothing was loaded:\n  {listed}"
        )
    for name, value in new.items():
        own[name].data = array_like(own[name], value)
    return IncompatibleKeys(missing, unexpected)


def persistent(module: Module) -> dict[str, Tensor]:
    """What a state dict holds: shared parts under each of their paths, as PyTorch has them."""
    return {
        join(path, name): tensor
        for path, m in module.named_modules(remove_duplicate=False)
        for name, tensor in own_state(m)
    }


def own_state(module: Module) -> list[tuple[str, Tensor]]:
    """The same, of a module alone."""
    buffers = [(name, b) for name, b in module._own_buffers() if module._persistence[name]]
    return [*module._own_parameters(), *buffers]


def refusals(module: Module, new: Mapping[str, Any]) -> list[str]:
    """What `module` and those below it have against the values that fit."""
    found = []
    for path, m in module.named_modules(remove_duplicate=False):
        for name, _ in own_state(m):
            key = join(path, name)
            reason = m.refuse_state(name, new[key]) if key in new else None
            found += [f"{key}: {reason}"] if reason else []
    return found


def host_array(value: Any) -> numpy.ndarray[Any, Any] | None:
    """The values of an array of any library, in host memory; None for what is no array."""
    if hasattr(value, "detach"):
        value = value.detach()
    if isinstance(value, Tensor):
        return value.device.backend.to_numpy(value.data)
    backend = backend_of(value)
    if backend is not None:
        return backend.to_numpy(value)
    if hasattr(value, "__array__") or isinstance(value, int | float):
        return numpy.asarray(value)
    return numpy.from_dlpack(value) if hasattr(value, "__dlpack__") else None


def array_like(tensor: Tensor, value: numpy.ndarray[Any, Any]) -> Any:
    """A raw array with the values of `value`, in the dtype and on the device of `tensor`."""
    backend = tensor.device.backend
    return backend.asarray(numpy.array(value, dtype=tensor.dtype), device=tensor.device, copy=True)
