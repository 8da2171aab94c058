"""Layers to test, batches for them, and their state bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg
from minigrad_bn import BatchNorm1d, BatchNorm2d, BatchNorm3d

from .cases import Case
from .derivatives import values

__all__ = ["LAYERS", "assert_same_state", "batch", "layer_for", "state_of"]

LAYERS: dict[int, Any] = {2: BatchNorm1d, 3: BatchNorm1d, 4: BatchNorm2d, 5: BatchNorm3d}
"""The layer for each number of axes."""


def layer_for(case: Case, device: Any) -> Any:
    """A layer for the batches of a case, with its parameters and statistics."""
    n = case.x.shape[1]
    layer = LAYERS[case.x.ndim](n, case.eps, case.momentum, device=device, dtype=case.x.dtype)
    names = ("weight", "bias", "running_mean", "running_var")
    layer.load_state_dict({name: getattr(case, name) for name in names}, strict=False)
    return layer


def batch(
    seed: int, shape: tuple[int, ...], device: Any = "cpu", dtype: str = "float64"
) -> mg.Tensor:
    """Values around 2, with deviation 3."""
    x = 2 + 3 * np.random.default_rng(seed).standard_normal(shape)
    return mg.asarray(x.astype(dtype), device=device)


def state_of(layer: Any) -> dict[str, np.ndarray]:
    return {name: np.array(values(t)) for name, t in layer.state_dict().items()}


def assert_same_state(layer: Any, before: dict[str, np.ndarray]) -> None:
    """Fail unless the state is `before`, bit for bit."""
    after = state_of(layer)
    assert list(after) == list(before)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
