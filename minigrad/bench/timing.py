"""Interleaved timing: all candidates take turns, so that a noisy moment hits them alike."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy

__all__ = ["REST", "Candidate", "Effort", "Ratio", "Series", "geometric_mean", "interleaved"]

Candidate = Callable[[], Any]
"""What is timed: called with nothing, it does the whole work and returns the results."""


REST = 0.08
"""How long to wait before a turn where libraries have threads.

Those of NumPy's BLAS look for more work for some 30 ms after they have done theirs, and hold up the
threads of the next library: a PyTorch step takes up to three times as long right after.
"""

WARM = 0.02
"""For how long to call, after a rest, before calls are timed.

A core takes some milliseconds until it is as fast as in a loop, with its caches full and the other
threads awake: right after a rest a step takes two to three times as long, whatever the library.
"""


class Effort(NamedTuple):
    """How often to measure: at most so many rounds, in each of which every candidate has its turn.

    A turn lasts `turn` seconds or one call, whichever is longer. Where the rounds together would
    last longer than `seconds`, there are fewer, but not below 7. With `tiny` the sizes are small
    too: the figures mean nothing, but everything has run.
    """

    rounds: int = 40
    turn: float = 0.005
    seconds: float = 6.0
    tiny: bool = False
    rest: float = 0.0
    """Seconds before each turn, after which calls warm up: see REST and WARM."""

    @property
    def warm(self) -> float:
        """For how long calls are not counted, in seconds, if one takes less."""
        return WARM if self.rest else 0.0

    def rounds_of(self, once: Iterable[float]) -> int:
        """How many rounds, for candidates that take so many seconds a call."""
        round_lasts = sum(max(self.turn, t) + max(self.warm, t) + self.rest for t in once)
        return min(self.rounds, max(7, int(self.seconds / round_lasts)))


class Ratio(NamedTuple):
    """The ratios of two series, round by round: their median, and their quartiles."""

    median: float
    low: float
    high: float


class Series(NamedTuple):
    """What was measured of one candidate: one number a round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, relative to the median."""
        low, high = numpy.quantile(self.rounds, [0.25, 0.75])
        return float(high - low) / 2 / self.median

    def over(self, other: Series) -> Ratio:
        """How many times `other` this is; noise that outlasts a round leaves that alone."""
        ratios = [a / b for a, b in zip(self.rounds, other.rounds, strict=True)]
        low, high = numpy.quantile(ratios, [0.25, 0.75])
        return Ratio(statistics.median(ratios), float(low), float(high))


def interleaved(candidates: Mapping[str, Candidate], effort: Effort) -> dict[str, Series]:
    """Time all candidates in turn, round after round: microseconds a call.

    The first calls of a turn are not counted: they find the caches as another candidate left them.
    """
    once = {name: seconds_a_call(call) for name, call in candidates.items()}
    calls = {name: max(1, math.ceil(effort.turn / t)) for name, t in once.items()}
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(effort.rounds_of(once.values())):
        for name, call in candidates.items():
            time.sleep(effort.rest)
            warm_up(call, effort.warm)
            times[name].append(seconds(call, calls[name]) / calls[name] * 1e6)
    return {name: Series(tuple(rounds)) for name, rounds in times.items()}


def seconds_a_call(call: Candidate) -> float:
    """How long a call takes, after some that warm up: compile, fill caches."""
    call()
    call()
    return min(seconds(call, 1) for _ in range(3))


def warm_up(call: Candidate, lasting: float) -> None:
    """Call once, and again for so many seconds."""
    end = time.perf_counter() + lasting
    call()
    while time.perf_counter() < end:
        call()


def seconds(call: Candidate, calls: int) -> float:
    """How long so many calls take."""
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


def geometric_mean(ratios: list[float]) -> float:
    """The mean of ratios, which treats twice and half alike."""
    return math.exp(math.fsum(map(math.log, ratios)) / len(ratios))
