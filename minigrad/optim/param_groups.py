"""Which parameters decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..nn import Module, Parameter

__all__ = ["param_groups"]


def param_groups(
    model: Module, weight_decay: float = 1e-2, no_decay: Sequence[str] = ("norm", "bias")
) -> list[dict[str, Any]]:
    """Two groups for an optimiser: parameters that decay, and those with a decay of 0.

    The second group holds the parameters whose name, or the class name of whose module, contains
    a word of `no_decay` (in any case): by default biases and all that normalisations learn, whose
    scale a decay would fight without regularising anything.
    """
    decayed: list[Parameter] = []
    exempt: list[Parameter] = []
    seen: set[int] = set()
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if id(p) in seen:
                continue
            seen.add(id(p))
            called = f"{type(module).__name__}.{name}".lower()
            is_exempt = any(word.lower() in called for word in no_decay)
            (exempt if is_exempt else decayed).append(p)
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": exempt, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
