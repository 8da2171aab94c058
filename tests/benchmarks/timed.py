"""From candidates to figures: checked, timed in turn, and timed beside a neighbour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import minigrad as mg
from minigrad.bench import (
    Candidate,
    Effort,
    Library,
    Series,
    check_agreement,
    figures,
    interleaved,
    minigrad,
    pytorch,
)

from .neighbour import neighbour

__all__ = ["Case", "libraries", "timed"]

MEASURED_LOADED = ("minigrad", "PyTorch")
"""How the names begin of what is measured beside a neighbour, too."""


class Case(NamedTuple):
    """Candidates that do the same work."""

    name: str
    candidates: dict[str, Candidate]
    calls: int = 1
    """How many calls in a row are compared before anything is timed."""
    yardsticks: Mapping[str, Candidate] = {}
    """Timed with the candidates, but other work."""
    repeated: int = 1
    """How often a call does what is to be timed."""


def timed(case: Case, references: Sequence[str], effort: Effort, loaded: bool) -> dict[str, Any]:
    """The figures of a case; with `loaded` also the times beside a neighbour, over the quiet."""
    check_agreement(case.candidates, calls=case.calls)
    everything = {**case.candidates, **case.yardsticks}
    quiet = {
        name: Series(tuple(time / case.repeated for time in series.rounds))
        for name, series in interleaved(everything, effort).items()
    }
    found = figures(quiet, references)
    if loaded:
        again = {n: c for n, c in case.candidates.items() if n.startswith(MEASURED_LOADED)}
        with neighbour():
            for name, series in interleaved(again, effort).items():
                ratio = series.median / case.repeated / quiet[name].median
                found[name]["loaded"] = float(f"{ratio:.4g}")
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
