"""`mutation_score`: how many seeded mistakes do tests catch? It measures a suite, not a program.

The tests run once without a mistake, and have to pass; then once for every mutant, each time in a
process of its own, until the first failure. The mistakes are in definitions, so no fused kernel
stands in for one meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .catalogue import catalogue
from .mutant import Mutant

__all__ = ["Score", "Trial", "mutation_score"]

RUNNER = Path(__file__).with_name("run.py")
PASSED, NO_TESTS = 0, 5


@dataclass(frozen=True)
class Trial:
    """A mutant, and what caught it: the test that failed first, or None if all passed."""

    mutant: Mutant
    killer: str | None


@dataclass(frozen=True)
class Score:
    """Which mutants the tests caught, and by which test; and which they did not."""

    trials: tuple[Trial, ...]

    @property
    def killed(self) -> tuple[Mutant, ...]:
        """The mutants that some test caught."""
        return tuple(trial.mutant for trial in self.trials if trial.killer is not None)

    @property
    def survived(self) -> tuple[Mutant, ...]:
        """The mutants that no test caught."""
        return tuple(trial.mutant for trial in self.trials if trial.killer is None)

    @property
    def value(self) -> float:
        """The share of mutants that the tests caught: from 0 to 1."""
        return len(self.killed) / len(self.trials)

    def of_family(self, family: str) -> Score:
        """The score against the mutants of one family."""
        return Score(tuple(trial for trial in self.trials if trial.mutant.family == family))

    def __str__(self) -> str:
        lines = [f"{len(self.killed)} of {len(self.trials)} mutants killed"]
        for family in dict.fromkeys(trial.mutant.family for trial in self.trials):
            part = self.of_family(family)
            lines.append(f"{family}: {len(part.killed)} of {len(part.trials)}")
        return "\n".join([*lines, *(f"survived: {mutant}" for mutant in self.survived)])

    def markdown(self) -> str:
        """A table: each mutant, and the test that caught it."""
        rows = [f"| {trial.mutant} | {trial.killer or '**none**'} |" for trial in self.trials]
        return "\n".join(["| mistake | caught by |", "| --- | --- |", *rows])


def mutation_score(
    tests: str | Path | Sequence[str | Path],
    mutants: Iterable[Mutant] | None = None,
    *,
    options: Sequence[str] = (),
    jobs: int = 1,
    timeout: float = 600.0,
) -> Score:
    """Run `tests`, files or node ids of pytest, against each mutant.

    `mutants` are those of `catalogue` unless given; `options` are pytest's, `jobs` how many run at
    once, `timeout` seconds how long one may take: tests that hang on a mistake have noticed it, and
    so have those that can't even be collected any more.

    Raises ValueError for no mutants and for tests of which pytest collects none, RuntimeError for
    tests that fail without a mistake.
    """
    paths = [str(t) for t in ([tests] if isinstance(tests, str | Path) else tests)]
    chosen = tuple(catalogue if mutants is None else mutants)
    if not chosen:
        raise ValueError("mutation_score: no mutants, so nothing would be measured")
    for mutant in chosen:
        mutant.source()
    arguments = ["-x", "-q", "-rfE", "--tb=short", "-p", "no:cacheprovider", *options, *paths]
    status, output = run(None, arguments, timeout)
    if status == NO_TESTS:
        raise ValueError(f"mutation_score: pytest collects no test from {paths}")
    if status != PASSED:
        raise RuntimeError(f"mutation_score: the tests fail without a mutant:\n{output}")

    def tried(mutant: Mutant) -> Trial:
        status, output = run(mutant, arguments, timeout)
        return Trial(mutant, None if status == PASSED else first_failure(output))

    with ThreadPoolExecutor(jobs) as pool:
        return Score(tuple(pool.map(tried, chosen)))


def first_failure(output: str) -> str:
    """The test that failed, as pytest's summary names it; or what else it ended with."""
    for line in output.splitlines():
        kind, _, rest = line.partition(" ")
        if kind in ("FAILED", "ERROR") and rest:
            return rest.partition(" - ")[0]
    return (output.strip().splitlines() or ["pytest could not start"])[-1]


def run(mutant: Mutant | None, arguments: list[str], timeout: float) -> tuple[int | None, str]:
    """The exit status of pytest with one mistake, or with none, and what it printed.

    None is the status of a run that did not end in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.py"
        source.write_text("" if mutant is None else mutant.source())
        command = [sys.executable, str(RUNNER), "" if mutant is None else mutant.module]
        try:
            done = subprocess.run(
                [*command, str(source), *arguments],
                env={**os.environ, "MINIGRAD_KERNELS": "none"},
                capture_output=True, text=True, timeout=timeout, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None, f"no end within {timeout:g} seconds"
    return done.returncode, done.stdout + done.stderr
