"""From a case to its figures, also beside a neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import minigrad as mg
from minigrad.bench import (
    Case,
    Effort,
    Library,
    figures,
    measured,
    measured_again,
    minigrad,
    pytorch,
)

from .neighbour import neighbour

__all__ = ["libraries", "timed"]

MEASURED_LOADED = ("minigrad", "PyTorch")
"""How the names begin of what is measured beside a neighbour, too."""


def timed(case: Case, references: Sequence[str], effort: Effort, loaded: bool) -> dict[str, Any]:
    """The figures of a case; with `loaded` also the times beside a neighbour, over the quiet."""
    quiet = measured(case, effort)
    found = figures(quiet, references)
    if loaded:
        again = {n: c for n, c in case.candidates.items() if n.startswith(MEASURED_LOADED)}
        beside = effort._replace(seconds=effort.seconds / 2)
        with neighbour():
            noisy = measured_again(case._replace(candidates=again, yardsticks={}), beside)
        for name, series in noisy.items():
            found[name]["loaded"] = float(f"{series.median / quiet[name].median:.4g}")
    return found


def libraries(threads: int) -> list[Library]:
    """minigrad, and PyTorch where it is installed."""
    device = mg.device("cpu")
    try:
        import torch
    except ImportError:
        return [minigrad(device)]
    torch.set_num_threads(threads)
    return [minigrad(device), pytorch(device)]
