"""Hooks on the way back: they see a gradient when it is known, and may replace it."""

from __future__ import annotations

from typing import Any

from ..tensor import Leaf, Tensor, namespace
from .complex import through_the_door

__all__ = ["run_hooks"]


def run_hooks(node: Any, g: Any, create_graph: bool) -> Any:
    """The cotangent after the hooks of a node have seen, and perhaps replaced, it."""
    owner = node.tensor() if node.__class__ is Leaf else node
    if owner is None:
        return g
    device = owner.device
    g = through_the_door(device, g)
    for hook in list(node.hooks.values()):
        # A copy of its own: what a hook keeps or assigns to is not the gradient that flows on.
        seen = namespace.positive(g) if create_graph else Tensor(device.backend.copy(g), device)
        new = hook(seen)
        if new is not None:
            check_replacement(new, seen)
            new = new if new.dtype == seen.dtype else namespace.astype(new, seen.dtype)
            g = new if create_graph else new.data
    return through_the_door(device, g)


def check_replacement(new: Any, gradient: Tensor) -> None:
    """Raise unless what a hook returned can take the place of the gradient."""
    if not isinstance(new, Tensor):
        raise TypeError(f"hook: returned a {type(new).__name__}, not a Tensor or None")
    if new.shape != gradient.shape:
        raise ValueError(
            f"hook: returned shape {new.shape} for a gradient of shape {gradient.shape}"
        )
    if new.device is not gradient.device:
        raise ValueError(
            f"hook: returned a Tensor on {new.device} for a gradient on {gradient.device}"
        )
