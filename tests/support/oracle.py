"""PyTorch as an oracle: values, first and second derivatives. Without it, such tests skip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]

__all__ = ["from_torch", "needs_torch", "to_torch", "torch", "torch_derivatives"]

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")


def to_torch(array: Any, requires_grad: bool = False) -> Any:
    """A NumPy array as a torch tensor with its own memory (torch can't take negative strides)."""
    return torch.tensor(np.ascontiguousarray(array).reshape(np.shape(array))).requires_grad_(
        requires_grad
    )


def from_torch(tensor: Any) -> np.ndarray[Any, Any]:
    return tensor.numpy(force=True)


def torch_derivatives(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    wanted: Sequence[int],
    cotangent: Any,
    directions: Sequence[Any] | None = None,
) -> tuple[Any, list[Any], list[Any]]:
    """f's value, its gradients under `cotangent`, and the derivative of those along `directions`.

    The last is the gradient of sum_i <direction_i, gradient_i> by the wanted inputs and the
    cotangent; empty without `directions`.
    """
    tensors = [to_torch(x, i in wanted) for i, x in enumerate(inputs)]
    leaves = [tensors[i] for i in wanted]
    u = to_torch(cotangent, True)
    y = f(*tensors)
    twice = directions is not None
    if not y.requires_grad:
        zeros = [np.zeros_like(inputs[i]) for i in wanted]
        return from_torch(y), zeros, [*zeros, np.zeros_like(cotangent)] if twice else []
    first = torch.autograd.grad(y, leaves, u, create_graph=twice, materialize_grads=True)
    values = [from_torch(g) for g in first]
    if directions is None:
        return from_torch(y), values, []
    slope = sum(
        torch.real(g.conj() * to_torch(w)).sum() for g, w in zip(first, directions, strict=True)
    )
    if not slope.requires_grad:
        second = [torch.zeros_like(x) for x in (*leaves, u)]
    else:
        second = torch.autograd.grad(slope, [*leaves, u], materialize_grads=True)
    return from_torch(y), values, [from_torch(s) for s in second]
