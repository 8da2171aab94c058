"""What `import minigrad` costs over `import numpy`: fresh processes, bytecode cached."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from minigrad.bench import Effort, Series, figures

__all__ = ["THREADS", "measure"]

THREADS = 1
CLOCK = "import numpy, time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
ROUNDS = 15


def measure(effort: Effort) -> dict[str, Any]:
    """Milliseconds of fresh processes; NumPy's own import not counted."""
    times = [milliseconds() for _ in range(min(ROUNDS, effort.rounds))]
    return {"unit": "ms", "cases": {"import": figures({"minigrad": Series(tuple(times))})}}


def milliseconds() -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    run = [sys.executable, "-c", CLOCK.format("minigrad")]
    return float(subprocess.check_output(run, env=environment)) * 1e3
