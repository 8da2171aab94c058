"""`minigrad check`: how good a backend an array library is on this machine."""

from __future__ import annotations

from pathlib import Path

from ..io import write_atomically
from .errors import CommandError, reported

__all__ = ["check"]


def check(backend: str, examples: int, json: Path | None) -> int:
    """Print the conformance report of a backend, and write it as JSON; 1 if something fails."""
    if examples < 1:
        raise CommandError(f"--examples is {examples}, expected at least 1")
    try:
        from ..testing.conformance import BackendConformance
    except ImportError as error:
        text = f"check needs more packages ({error}); try: pip install 'minigrad[test]'"
        raise CommandError(text) from error
    with reported(ValueError, RuntimeError, ImportError, AttributeError):
        suite = BackendConformance(backend, examples=examples)
    report = suite.run()
    print(report)
    if json is not None:
        with reported(OSError, prefix="--json: "):
            write_atomically(json, report.json().encode())
    return 0 if report.passed else 1
