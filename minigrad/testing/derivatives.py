"""minigrad's derivatives of a function of NumPy arrays, as NumPy arrays again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg

__all__ = ["cotangent_for", "gradients", "inner", "second_gradients", "to_numpy", "value"]


def to_numpy(x: mg.Tensor) -> np.ndarray[Any, Any]:
    """The values of a Tensor of any device, history or not."""
    return x.detach().numpy()


def tensors(inputs: Sequence[Any], device: Any, wanted: Sequence[int]) -> list[mg.Tensor]:
    """The inputs as Tensors, of which the wanted require grad."""
    return [mg.asarray(x, device=device, requires_grad=i in wanted) for i, x in enumerate(inputs)]


def cotangent_for(y: Any, rng: np.random.Generator, dtype: Any = None) -> Any:
    """A random cotangent for y: never ones, under which many a wrong rule looks right."""
    u = rng.standard_normal(y.shape)
    if y.dtype.kind == "c":
        u = u + 1j * rng.standard_normal(y.shape)
    return np.asarray(u).astype(y.dtype if dtype is None else dtype)


def inner(a: Any, b: Any) -> Any:
    """The inner product; of complex numbers, that of their real and imaginary parts."""
    return np.sum(np.real(np.conj(a) * b))


def value(f: Callable[..., Any], inputs: Sequence[Any], device: Any) -> np.ndarray[Any, Any]:
    """f's value, computed on a device."""
    return to_numpy(f(*tensors(inputs, device, ())))


def gradients(
    f: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[int], u: Any, device: Any
) -> list[np.ndarray[Any, Any]]:
    """What reaches the wanted inputs when `u` reaches f's value; zeros where nothing does."""
    xs = tensors(inputs, device, wanted)
    leaves = [xs[i] for i in wanted]
    y = f(*xs)
    found = mg.autograd.grad(y, leaves, mg.asarray(u, device=y.device), allow_unused=True)
    return [
        np.zeros(x.shape, x.dtype) if g is None else to_numpy(g)
        for g, x in zip(found, leaves, strict=True)
    ]


def second_gradients(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    wanted: Sequence[int],
    u: Any,
    directions: Sequence[Any],
    device: Any,
) -> list[np.ndarray[Any, Any]]:
    """The gradient of sum_i <direction_i, gradient_i> by the wanted inputs and by the cotangent."""
    xs = tensors(inputs, device, wanted)
    leaves = [xs[i] for i in wanted]
    y = f(*xs)
    u = mg.asarray(u, device=y.device, requires_grad=True)
    first = mg.autograd.grad(y, leaves, u, create_graph=True)
    terms = [
        mg.sum(mg.real(mg.conj(g) * mg.asarray(w, device=device)))
        for g, w in zip(first, directions, strict=True)
    ]
    slope = mg.sum(mg.stack(terms))
    sources = [*leaves, u]
    if not slope.requires_grad:
        return [np.zeros(x.shape, x.dtype) for x in sources]
    found = mg.autograd.grad(slope, sources, allow_unused=True)
    return [
        np.zeros(x.shape, x.dtype) if g is None else to_numpy(g)
        for g, x in zip(found, sources, strict=True)
    ]
