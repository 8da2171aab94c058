"""Layers that other packages offer by name."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

__all__ = ["offered"]


def offered(layer: str) -> Any:
    """The layer that an installed package offers under this name.

    Batch normalisation comes as any third party's layer would, by an entry point of the group
    `minigrad.layers`: its package builds on this one, so nothing here may import it. Raises
    LookupError if no package offers it.
    """
    for point in entry_points(group="minigrad.layers", name=layer):
        return point.load()
    raise LookupError(
        f"no installed package offers the layer {layer}; from a source tree, run `pip install -e .`"
    )
