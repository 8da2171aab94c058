"""minigrad and PyTorch, seen alike: what a benchmark is written once for.

Names, argument orders and semantics are the same, so one program trains a net with either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import minigrad as mg

from .. import nn, optim
from ..backends import use_kernels
from ..nn.offered import offered
from .timing import Candidate

__all__ = ["Library", "minigrad", "numpy_alone", "pytorch"]


class Library(NamedTuple):
    """A library to train nets with, on one device."""

    name: str
    namespace: Any
    """Where its functions are: exp, tanh, no_grad, …"""
    nn: Any
    optim: Any
    batch_norm: Callable[[int], Callable[..., Any]]
    """The layer for arrays of so many axes."""
    softmax: Callable[[Any], Any]
    """Over the last axis."""
    tensor: Callable[..., Any]
    """A Tensor from NumPy's array, on the device; `requires_grad` as a keyword."""
    device: Any
    wait: Callable[[], None]
    """Until the device has done what it was told to."""
    on_numpy: bool = False
    """Whether its arrays are NumPy's, which numba's kernels and captured programs are for."""

    def load(self, module: Any, state: dict[str, Any]) -> Any:
        """The module, with these of its parameters and buffers, on the device."""
        module.to(self.device)
        module.load_state_dict({name: self.tensor(a) for name, a in state.items()}, strict=False)
        return module


def minigrad(device: mg.Device) -> Library:
    """minigrad on one of its devices."""
    return Library(
        name="minigrad",
        namespace=mg,
        nn=nn,
        optim=optim,
        batch_norm=lambda ndim: offered(f"BatchNorm{max(ndim - 2, 1)}d"),
        softmax=lambda x: mg.special.softmax(x, axis=-1),
        tensor=lambda a, **options: mg.tensor(a, device=device, **options),
        device=device,
        wait=waiting(device),
        on_numpy=device.backend.name == "numpy",
    )


def numpy_alone(candidate: Candidate) -> Candidate:
    """The candidate without the kernels that numba compiles."""

    def call() -> Any:
        with use_kernels("numpy"):
            return candidate()

    return call


def waiting(device: mg.Device) -> Callable[[], None]:
    """How to wait for a device: CuPy returns before the work is done, the others don't."""
    if device.backend.name != "cupy":
        return lambda: None
    import cupy

    return lambda: cupy.cuda.get_current_stream().synchronize()


def pytorch(device: mg.Device) -> Library:
    """PyTorch, on the GPU if that is where minigrad is.

    Raises ImportError where it is not installed, RuntimeError where it has no such device.
    """
    import torch

    where = torch.device("cuda" if device.backend.name == "cupy" else "cpu")
    torch.empty((), device=where)
    return Library(
        name="PyTorch",
        namespace=torch,
        nn=torch.nn,
        optim=torch.optim,
        batch_norm=lambda ndim: getattr(torch.nn, f"BatchNorm{max(ndim - 2, 1)}d"),
        softmax=lambda x: torch.softmax(x, -1),
        tensor=lambda a, **options: torch.tensor(a, device=where, **options),
        device=where,
        wait=torch.cuda.synchronize if where.type == "cuda" else lambda: None,
    )
