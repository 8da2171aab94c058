"""Peak memory of a training step, each in a process of its own.

What is counted is by how much the largest resident size of the process during some steps exceeds
what it was before them: parameters and data made, everything imported and used once at a small
size, what the allocator holds in reserve given back. Linux keeps that number, of this program
alone: `getrusage` would begin with what the parent process had.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from minigrad.bench import Effort, Series, figures

__all__ = ["THREADS", "measure"]

THREADS = 1
ROUNDS = 3
STEPS = {"20 layers, ReLU": "layers_relu", "20 layers, tanh": "layers_tanh", "CNN": "cnn"}


def measure(effort: Effort) -> dict[str, Any]:
    """MiB of each step with minigrad, and with PyTorch where it is installed."""
    cases = {}
    for case, step in STEPS.items():
        peaks: dict[str, list[float]] = {}
        for _ in range(min(ROUNDS, effort.rounds)):
            for library in libraries():
                peak = peak_megabytes(library, step, effort.tiny)
                peaks.setdefault(library, []).append(peak)
        series = {library: Series(tuple(rounds)) for library, rounds in peaks.items()}
        cases[case] = figures(series, ["PyTorch"])
    return {"unit": "MiB", "cases": cases}


def libraries() -> list[str]:
    from importlib.util import find_spec

    return ["minigrad", "PyTorch"] if find_spec("torch") else ["minigrad"]


def peak_megabytes(library: str, step: str, tiny: bool = False) -> float:
    """How much memory steps take at their peak, with `"minigrad"` or with `"PyTorch"`."""
    program = [sys.executable, "-m", f"{__package__}.peak", library, step]
    return float(subprocess.check_output(program + ["tiny"] * tiny))
