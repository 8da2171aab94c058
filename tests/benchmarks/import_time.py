"""What `import minigrad` costs over `import numpy`: fresh processes, bytecode cached."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

__all__ = ["import_milliseconds"]

CLOCK = "import numpy, time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def import_milliseconds(rounds: int = 15) -> float:
    """The median over `rounds` processes, in milliseconds; NumPy's own import not counted."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(rounds):
        run = [sys.executable, "-c", CLOCK.format("minigrad")]
        times.append(float(subprocess.check_output(run, env=environment)) * 1e3)
    return statistics.median(times)
