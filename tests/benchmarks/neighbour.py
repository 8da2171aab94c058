"""A neighbour: another process that holds a core."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["neighbour"]

BUSY = "print(flush=True)\nwhile True: pass"


@contextmanager
def neighbour() -> Iterator[None]:
    """Have a busy loop run beside the block."""
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()
