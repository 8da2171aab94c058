"""`mutation_score`: how many seeded mistakes do tests catch? It measures a suite, not a program.

The tests run once without a mistake, and have to pass; then once for every mutant, each time in a
process of its own, until the first failure.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .catalogue import catalogue
from .mutant import Mutant

__all__ = ["Score", "mutation_score"]

RUNNER = Path(__file__).with_name("run.py")
PASSED, FAILED, INTERRUPTED, NO_TESTS = 0, 1, 2, 5


@dataclass(frozen=True)
class Score:
    """Which mutants the tests caught, and which they did not."""

    killed: tuple[Mutant, ...]
    survived: tuple[Mutant, ...]

    @property
    def value(self) -> float:
        """The share of mutants that the tests caught: from 0 to 1."""
        return len(self.killed) / (len(self.killed) + len(self.survived))

    def __str__(self) -> str:
        lines = [f"{len(self.killed)} of {len(self.killed) + len(self.survived)} mutants killed"]
        return "\n".join([*lines, *(f"survived: {mutant}" for mutant in self.survived)])


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
    once, `timeout` seconds how long one may take: tests that hang on a mistake have noticed it.

    Raises ValueError for no mutants and for tests of which pytest collects none, RuntimeError for
    tests that fail without a mistake.
    """
    paths = [str(t) for t in ([tests] if isinstance(tests, str | Path) else tests)]
    chosen = tuple(catalogue if mutants is None else mutants)
    if not chosen:
        raise ValueError("mutation_score: no mutants, so nothing would be measured")
    for mutant in chosen:
        mutant.source()
    arguments = ["-x", "-q", "-p", "no:cacheprovider", *options, *paths]
    status, output = run(None, arguments, timeout)
    if status == NO_TESTS:
        raise ValueError(f"mutation_score: pytest collects no test from {paths}")
    if status != PASSED:
        raise RuntimeError(f"mutation_score: the tests fail without a mutant:\n{output}")

    def is_killed(mutant: Mutant) -> bool:
        status, output = run(mutant, arguments, timeout)
        if status not in (PASSED, FAILED, INTERRUPTED):
            raise RuntimeError(f"mutation_score: pytest broke down on {mutant}:\n{output}")
        return status != PASSED

    with ThreadPoolExecutor(jobs) as pool:
        verdicts = list(pool.map(is_killed, chosen))
    pairs = list(zip(chosen, verdicts, strict=True))
    return Score(
        tuple(m for m, killed in pairs if killed), tuple(m for m, killed in pairs if not killed)
    )


def run(mutant: Mutant | None, arguments: list[str], timeout: float) -> tuple[int, str]:
    """The exit status of pytest with one mistake, or with none, and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.py"
        source.write_text("" if mutant is None else mutant.source())
        command = [sys.executable, str(RUNNER), "" if mutant is None else mutant.module]
        try:
            done = subprocess.run(
                [*command, str(source), *arguments],
                capture_output=True, text=True, timeout=timeout, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return FAILED, f"no end within {timeout} seconds"
    return done.returncode, done.stdout + done.stderr
