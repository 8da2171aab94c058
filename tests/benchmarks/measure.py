"""Interleaved timing: all candidates take turns, so that a noisy moment hits them alike."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np

__all__ = ["Timing", "interleaved", "machine"]


class Timing:
    """The times of one candidate, in microseconds a call: one number a round."""

    def __init__(self, rounds: list[float]) -> None:
        self.rounds = rounds

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, relative to the median."""
        low, _, high = statistics.quantiles(self.rounds, n=4)
        return (high - low) / 2 / self.median

    def over(self, other: Timing) -> float:
        """The median of the ratios of the rounds, which noise that lasts longer leaves alone."""
        return statistics.median(a / b for a, b in zip(self.rounds, other.rounds, strict=True))


def interleaved(
    candidates: dict[str, Callable[[], object]], *, rounds: int = 100, calls: int = 20
) -> dict[str, Timing]:
    """Time each candidate for `calls` calls in turn, `rounds` times over."""
    for call in candidates.values():
        for _ in range(calls):
            call()
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            start = time.perf_counter()
            for _ in range(calls):
                call()
            times[name].append((time.perf_counter() - start) / calls * 1e6)
    return {name: Timing(rounds) for name, rounds in times.items()}


def machine() -> str:
    """The processor, the number of cores, and the versions that matter."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as info:
            lines = [line for line in info if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    versions = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    try:
        import torch

        versions.append(f"PyTorch {torch.__version__}")
    except ImportError:
        versions.append("no PyTorch")
    return f"{model}, {os.cpu_count()} cores; {', '.join(versions)}"
