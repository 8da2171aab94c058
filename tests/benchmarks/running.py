"""One benchmark, measured in a process of its own, with threads as it wants them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib import import_module
from typing import Any

from minigrad.bench import REST, Effort

from .timed import libraries, timed

__all__ = ["BENCHMARKS", "in_process_of_its_own", "run"]

BENCHMARKS = (
    "batch_norm",
    "cnn_step",
    "convolution",
    "mlp_step",
    "overhead",
    "chain",
    "memory",
    "import_time",
)
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MINIGRAD_NUM_THREADS")


def threads_of(name: str) -> int:
    """The threads of a benchmark: one for each core, unless its work is too small for that."""
    module = import_module(f".{name}", __package__)
    return getattr(module, "THREADS", len(os.sched_getaffinity(0)))


def run(name: str, effort: Effort, *, loaded: bool = False, threads: int = 1) -> dict[str, Any]:
    """Measure one benchmark here: its figures, as JSON's objects."""
    benchmark = import_module(f".{name}", __package__)
    start = time.perf_counter()
    if hasattr(benchmark, "measure"):
        found = benchmark.measure(effort)
    else:
        left_out: dict[str, str] = {}
        cases = {
            case.name: timed(case, benchmark.REFERENCES, effort, loaded)
            for case in benchmark.cases(libraries(threads), effort.tiny, left_out)
        }
        found = {"unit": "µs", "cases": cases, "left out": left_out}
    return {**found, "threads": threads, "seconds": round(time.perf_counter() - start, 1)}


def in_process_of_its_own(
    name: str, effort: Effort, *, loaded: bool = False, threads: int | None = None
) -> dict[str, Any]:
    """Measure one benchmark in a fresh process, whose libraries all start with the same threads."""
    threads = threads_of(name) if threads is None else threads
    environment = os.environ | dict.fromkeys(POOLS, str(threads))
    if threads > 1 and not effort.tiny:
        effort = effort._replace(rest=REST, seconds=2 * effort.seconds)
    question = json.dumps([name, effort, loaded, threads])
    program = [sys.executable, "-m", f"{__package__}.running", question]
    output = subprocess.check_output(program, env=environment, text=True)
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


if __name__ == "__main__":
    name, effort, loaded, threads = json.loads(sys.argv[1])
    print(json.dumps(run(name, Effort(*effort), loaded=loaded, threads=threads)))
