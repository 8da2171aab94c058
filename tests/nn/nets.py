"""The same net in minigrad and in PyTorch, with the same parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.testing.oracles import torch

__all__ = ["both", "randomize"]


def randomize(module: nn.Module, rng: np.random.Generator) -> None:
    """Random values for all parameters and floating buffers: fresh ones are too tame."""
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.dtype.kind == "f":
            values = rng.uniform(-1, 1, tensor.shape).astype(tensor.dtype)
            tensor.data = mg.asarray(values, device=tensor.device).data


def both(build: Callable[[Any], Any], rng: np.random.Generator, device: Any = "cpu") -> Any:
    """`build(nn)` for both libraries, in float64, in the same state: (minigrad's, PyTorch's)."""
    ours = build(nn).to(device, dtype="float64")
    randomize(ours, rng)
    theirs = build(torch.nn).double()
    state = {name: torch.asarray(t.numpy()) for name, t in ours.state_dict().items()}
    theirs.load_state_dict(state)
    return ours, theirs
