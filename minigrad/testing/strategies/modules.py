"""States of a module: parameters and buffers that are not those of a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigrad import nn

from ..domain import Domain
from .arrays import seeds

__all__ = ["module_states"]

POSITIVE = ("running_var", "moving_variance", "var")
"""Buffers that hold variances, by the last part of their names."""


def module_states(
    module: nn.Module, domains: Mapping[str, Domain] | None = None
) -> st.SearchStrategy[dict[str, np.ndarray[Any, Any]]]:
    """State dicts for `module`, of NumPy arrays: weights of magnitude 1, none of them all ones.

    `domains` says where the values of single entries come from, by their paths; variances are
    positive, counters count. Raises KeyError for a path that the module does not have.
    """
    own = module.state_dict()
    unknown = [path for path in domains or {} if path not in own]
    if unknown:
        raise KeyError(f"module_states: {type(module).__name__} has no {unknown}; it has {[*own]}")

    def state(seed: int) -> dict[str, np.ndarray[Any, Any]]:
        rng = np.random.default_rng(seed)
        return {
            path: np.asarray(
                (domains or {}).get(path, domain_of(path, t.dtype)).values(rng, t.shape)
            ).astype(t.dtype)
            for path, t in own.items()
        }

    return seeds.map(state)


def domain_of(path: str, dtype: np.dtype[Any]) -> Domain:
    """Where the values of an entry come from, unless a test says so."""
    if dtype.kind in "iu":
        return Domain(0, 9, kind="i")
    if dtype.kind == "b":
        return Domain(kind="b")
    return Domain(0.1, 4.0) if path.rpartition(".")[2] in POSITIVE else Domain(-2.0, 2.0)
