"""How many threads everything uses, for as long as something is measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..kernels.threads import get_num_threads, set_num_threads

__all__ = ["use_threads"]


@contextmanager
def use_threads(n: int) -> Iterator[None]:
    """Let kernels, the BLAS and PyTorch, if it has been imported, use `n` threads."""
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    ours = get_num_threads()
    theirs = torch.get_num_threads() if torch is not None else 0
    with threadpool_limits(n):
        try:
            set_num_threads(n)
            if torch is not None:
                torch.set_num_threads(n)
            yield
        finally:
            set_num_threads(ours)
            if torch is not None:
                torch.set_num_threads(theirs)
