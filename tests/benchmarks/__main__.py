"""Measure, print, and with `--write` make the page: `python -m tests.benchmarks [NAME …]`."""

from __future__ import annotations

import argparse
import sys

from minigrad.bench import Effort, machine

from .page import section
from .running import BENCHMARKS, in_process_of_its_own
from .writing import write

PEERS = ("torch", "jax", "mygrad", "autograd", "tinygrad")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument(
        "--loaded", action="store_true", help="also while another process holds a core"
    )
    parser.add_argument("--rounds", type=int, help="at most so many turns of each candidate")
    parser.add_argument("--threads", type=int, help="instead of all cores")
    parser.add_argument(
        "--write", action="store_true", help="measure everything, also loaded, and make the page"
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"unknown benchmark {', '.join(sorted(unknown))}")
    if options.write and (options.names or options.threads):
        parser.error("--write measures everything, with all cores")
    effort = Effort() if options.rounds is None else Effort(rounds=options.rounds)
    where, found = machine(*PEERS), {}
    for name in options.names or BENCHMARKS:
        found[name] = in_process_of_its_own(
            name, effort, loaded=options.loaded or options.write, threads=options.threads
        )
        print(section(name, found[name]), flush=True)
        print(f"measured in {found[name]['seconds']} s\n", file=sys.stderr)
    if options.write:
        write(found, where, effort)


if __name__ == "__main__":
    main()
