"""Other implementations to compare with: NumPy in float64, mpmath in fifty digits, SciPy, PyTorch.

PyTorch is imported with this module where it is installed, and `torch` is None where it is not;
mpmath and SciPy when they are first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment, unused-ignore]

__all__ = [
    "from_torch",
    "mpmath_reference",
    "numpy_reference",
    "scipy_reference",
    "to_torch",
    "torch",
    "torch_derivatives",
]

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


def numpy_reference(f: Function) -> Function:
    """`f`, a function of NumPy arrays, computed in float64 whatever it is given."""
    return lambda *xs, **params: np.asarray(
        f(*(x.astype(np.float64) if x.dtype.kind == "f" else x for x in xs), **params)
    )


def mpmath_reference(f: Function, digits: int = 50) -> Function:
    """`f(mpmath, *numbers)`, applied element by element in so many digits, rounded to float64.

    Raises ImportError where mpmath is not installed.
    """
    import mpmath

    def reference(*xs: Any) -> Array:
        arrays = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in xs))
        with mpmath.workdps(digits):
            found = [
                float(f(mpmath, *map(mpmath.mpf, map(float, numbers))))
                for numbers in zip(*(a.ravel() for a in arrays), strict=True)
            ]
        return np.array(found, dtype=np.float64).reshape(arrays[0].shape)

    return reference


def scipy_reference(name: str) -> Function:
    """The function of `scipy.special` called `name`; ImportError when called without SciPy."""

    def reference(*xs: Any, **params: Any) -> Any:
        from scipy import special

        return getattr(special, name)(*xs, **params)

    return reference


def to_torch(array: Any, requires_grad: bool = False) -> Any:
    """A NumPy array as a PyTorch tensor in memory of its own, in C order.

    PyTorch takes no negative strides, and would write to a read-only array.
    """
    copied = np.ascontiguousarray(array).reshape(np.shape(array))
    return torch.tensor(copied).requires_grad_(requires_grad)


def from_torch(tensor: Any) -> Array:
    """A PyTorch tensor as a NumPy array, history or not."""
    return tensor.numpy(force=True)


def torch_derivatives(
    f: Function,
    inputs: Sequence[Any],
    wanted: Sequence[int],
    cotangent: Any,
    directions: Sequence[Any] | None = None,
) -> tuple[Any, list[Any], list[Any]]:
    """f's value, its gradients under `cotangent`, and the derivative of those along `directions`.

    `f` is a function of PyTorch tensors, differentiated by the inputs `wanted`. The last is the
    gradient of sum_i <direction_i, gradient_i> by the wanted inputs and the cotangent; empty
    without `directions`.
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
    products = [torch.real(g.conj() * to_torch(w)) for g, w in zip(first, directions, strict=True)]
    slope = torch.stack([product.sum() for product in products]).sum()
    if not slope.requires_grad:
        second = tuple(torch.zeros_like(x) for x in (*leaves, u))
    else:
        second = torch.autograd.grad(slope, [*leaves, u], materialize_grads=True)
    return from_torch(y), values, [from_torch(s) for s in second]
