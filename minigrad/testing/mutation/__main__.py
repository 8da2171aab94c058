"""`python -m minigrad.testing.mutation TESTS...`: the score of tests, as text or as a table."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from .catalogue import families, of_families
from .score import mutation_score

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the score; 0 if every mutant was killed, 1 if some survived, 2 for bad input."""
    parser = ArgumentParser(prog="python -m minigrad.testing.mutation", description=__doc__)
    parser.add_argument("tests", nargs="+", help="files, folders or node ids of pytest")
    parser.add_argument(
        "--family", action="append", default=[], choices=families, help="all of them unless given"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many run at once (1)")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for each run (600)")
    parser.add_argument("--markdown", action="store_true", help="a table: who caught which")
    chosen = parser.parse_args(arguments)
    if chosen.jobs < 1 or chosen.timeout <= 0:
        parser.error("--jobs and --timeout have to be positive")
    try:
        score = mutation_score(
            chosen.tests, of_families(chosen.family), jobs=chosen.jobs, timeout=chosen.timeout
        )
    except (ValueError, RuntimeError) as error:
        parser.error(str(error))
    print(f"{score.markdown()}\n\n{score}" if chosen.markdown else score)
    return 1 if score.survived else 0


if __name__ == "__main__":
    sys.exit(main())
