"""Which fused kernels may run: the environment's word, or that of a `with` statement.

MINIGRAD_KERNELS names the libraries whose kernels may run, `numpy,numba` for instance, or says
`all` (what holds without it) or `none`. `with use_kernels(...)` says the same for one thread or
task, as long as it lasts.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

__all__ = ["Allowed", "allowed", "use_kernels"]


class Allowed:
    """The libraries whose kernels may run, and from which size.

    `ran` counts by name the kernels that did, where somebody wants to know.
    """

    def __init__(self, which: str, least: int | None = None, *, counting: bool = True) -> None:
        self.libraries = frozenset(part.strip() for part in which.split(",")) - {"none"}
        if "" in self.libraries or (len(self.libraries) > 1 and "all" in self.libraries):
            raise ValueError(
                f"kernels: {which!r}: expected 'all', 'none', or libraries as in 'numpy,numba'"
            )
        self.everything = "all" in self.libraries
        self.least = least
        self.ran: Counter[str] | None = Counter() if counting else None

    def __eq__(self, other: object) -> bool:
        """Whether the same kernels may run; counting them makes no difference."""
        mine = self.libraries, self.least
        return isinstance(other, Allowed) and mine == (other.libraries, other.least)

    def __hash__(self) -> int:
        return hash((self.libraries, self.least))

    def allows(self, library: str) -> bool:
        """Whether kernels written in `library` may run."""
        return self.everything or library in self.libraries


_chosen: ContextVar[Allowed | None] = ContextVar("minigrad_kernels", default=None)


@cache
def by_environment() -> Allowed:
    """What MINIGRAD_KERNELS says, read once; the kernels of all libraries unless it is set."""
    return Allowed(os.environ.get("MINIGRAD_KERNELS") or "all", counting=False)


def allowed() -> Allowed:
    """What holds in this thread or task."""
    return _chosen.get() or by_environment()


@contextmanager
def use_kernels(which: str = "all", *, least: int | None = None) -> Iterator[Counter[str]]:
    """Let only the kernels that `which` names run: "all", "none", or libraries as "numpy,numba".

    It holds for one thread or task, in the `with` statement, and so also for the backward pass of
    what is recorded elsewhere. `least` replaces the number of elements from which a kernel is worth
    its call: with 0, small arrays get kernels too, as tests want it. The counter that `as` binds
    says which kernels ran, and how often. Raises ValueError for a `which` that says nothing.
    """
    now = Allowed(which, least)
    token = _chosen.set(now)
    try:
        assert now.ran is not None
        yield now.ran
    finally:
        _chosen.reset(token)
