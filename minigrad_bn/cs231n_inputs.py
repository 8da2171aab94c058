"""What the course's functions are handed: arrays of which library, and of which shapes."""

from __future__ import annotations

from typing import Any

import minigrad as mg
from minigrad.extend import Tensor, backend_of

__all__ = ["check_backward", "check_images", "check_shapes", "constant", "namespace_of"]


def namespace_of(x: Any) -> Any:
    """The functions for arrays like `x`: minigrad's for a Tensor, its library's for an array."""
    if isinstance(x, Tensor):
        return mg
    backend = backend_of(x)
    if backend is None:
        raise TypeError(f"batchnorm: expected an array or a Tensor, got {type(x).__name__}")
    return backend.xp


def constant(x: Any) -> Any:
    """The values of `x` without their history: statistics must not keep the graph of a batch."""
    return x.detach() if isinstance(x, Tensor) else x


def check_images(what: str, name: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless a shape is (N, C, H, W)."""
    if len(shape) != 4:
        raise ValueError(f"{what}: expected {name} of shape (N, C, H, W), got {tuple(shape)}")


def check_backward(what: str, dout: Any, cache: Any) -> Any:
    """The namespace of x. Raises ValueError without a cache, or for a dout of another shape."""
    if cache is None:
        raise ValueError(
            f"{what}: the cache is None, as the forward was in 'test' mode; "
            "run it with bn_param['mode'] = 'train'"
        )
    x = cache[1]
    if dout.shape != x.shape:
        raise ValueError(f"{what}: dout has shape {dout.shape}, expected {x.shape}")
    return namespace_of(x)


def check_shapes(x: Any, gamma: Any, beta: Any) -> int:
    """The number of features. Raises ValueError unless x is (N, D), N > 0, the others (D,)."""
    if len(x.shape) != 2 or x.shape[0] == 0:
        raise ValueError(f"batchnorm_forward: expected x of shape (N, D), N > 0, got {x.shape}")
    n_features = x.shape[1]
    for name, v in (("gamma", gamma), ("beta", beta)):
        if v.shape != (n_features,):
            raise ValueError(
                f"batchnorm_forward: {name} has shape {v.shape}, expected ({n_features},) "
                f"for x of shape {x.shape}"
            )
    return n_features
