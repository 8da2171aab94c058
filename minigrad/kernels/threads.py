"""A small team of threads that runs a function over slices of a range.

    parallel_for(function, length, *arguments, work=...)

calls `function(start, stop, *arguments)` on slices that make up `range(length)`, some of them at
the same time if the function releases the GIL, and returns when all are done. The slices must not
depend on each other, nor what is computed on where they are cut, as when each step of the range
fills its own part of an output: then the results are the same bits for every number of threads.

The caller takes slices as the helpers do, until none is left, and waits for no more than the slices
that a helper has begun. So a helper that is late, because a neighbour holds its core, costs nothing
but its help; and a call from within a slice, or from several threads at once, can't lock up. Nobody
spins: an idle helper sleeps in the kernel. A forked child starts with a team of its own.

A compiled loop that is marked as `shared` goes to the threads of numba instead (see `together`), a
slice to each. They need no GIL and wait awake for a few milliseconds, so that less work is worth a
second one, unless others want the cores (see `contention`). OpenMP's do not survive a fork: a
forked child keeps to the team.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from operator import index
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import Any

from .contention import contended, note

__all__ = ["get_num_threads", "parallel_for", "set_num_threads", "shared", "threads_for"]

WORTH = 1 << 22
"""So many array elements, read or written, are worth another thread: they take about a millisecond.
On some machines a thread takes 50 us to wake, and as long each time that it waits for the GIL."""

WORTH_AWAKE = 1 << 19
"""So many are worth another thread of numba's: 0.1 ms or less."""

SLICES = 4
"""How many slices a thread is meant for: the fewer, the longer the wait for the last."""


class Job:
    """Slices that are still to be taken, and what became of those that have been."""

    def __init__(self, function: Callable[..., object], slices: Any, arguments: Any) -> None:
        self.function = function
        self.slices: deque[tuple[int, int]] = deque(slices)
        self.arguments = arguments
        self.outcomes: SimpleQueue[BaseException | None] = SimpleQueue()

    def work(self) -> None:
        """Take slices until none is left."""
        while True:
            try:
                start, stop = self.slices.popleft()
            except IndexError:
                return
            try:
                self.function(start, stop, *self.arguments)
            except BaseException as error:
                self.outcomes.put(error)
            else:
                self.outcomes.put(None)


class Team:
    """Threads that sleep until there is a job."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        self.helpers = 0
        self.hiring = Lock()

    def offer(self, job: Job, helpers: int) -> None:
        """Let so many threads help with `job`, beside the one that calls."""
        if self.helpers < helpers:
            with self.hiring:
                while self.helpers < helpers:
                    Thread(target=self.help, name="minigrad-kernels", daemon=True).start()
                    self.helpers += 1
        for _ in range(helpers):
            self.jobs.put(job)

    def help(self) -> None:
        while True:
            self.jobs.get().work()


team = Team()
num_threads: int | None = None
forked = False


def renew() -> None:
    """Threads do not survive a fork, and a lock may be held by one that did not."""
    global team, forked
    team, forked = Team(), True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=renew)


def parallel_for(
    function: Callable[..., object], length: int, /, *arguments: Any, work: int
) -> None:
    """Call `function(start, stop, *arguments)` on slices of `range(length)`, in any order.

    `work` says how many array elements are read and written in all: a little of it is done on the
    calling thread, in one call. Raises what a slice raises, once no slice is running any more.
    """
    threads = min(threads_for(work, function), length)
    if threads < 2:
        function(0, length, *arguments)
        return
    if (together := on_numba(function)) is not None:
        start = perf_counter()
        together(threads, length, *arguments)
        note(perf_counter() - start)
        return
    count = min(length, threads * SLICES)
    cuts = [length * i // count for i in range(count + 1)]
    job = Job(function, pairwise(cuts), arguments)
    team.offer(job, threads - 1)
    job.work()
    outcomes = [job.outcomes.get() for _ in range(count)]
    job.arguments = ()  # A helper that comes too late must not keep the arrays.
    for error in outcomes:
        if error is not None:
            raise error


def threads_for(work: int, function: Callable[..., object]) -> int:
    """How many threads so much work is shared out among, if it can be cut into as many slices."""
    most = get_num_threads()
    if most > 1 and work >= 2 * WORTH_AWAKE and on_numba(function) is not None:
        return 1 if contended() else min(most, work // WORTH_AWAKE)
    return min(most, max(1, work // WORTH))


def shared(loop: Any) -> Any:
    """Mark a loop compiled by numba, (start, stop, *arguments), for `parallel_for`.

    It raises nothing, and is given arrays and numbers, no tuples: its slices may then be run by the
    threads of numba. Returns the loop.
    """
    loop.is_shared = hasattr(loop, "py_func")  # With NUMBA_DISABLE_JIT it is plain Python.
    return loop


def on_numba(function: Any) -> Any:
    """The function that runs slices on numba's threads (see `together`); None if that can't be."""
    if forked or not getattr(function, "is_shared", False):
        return None
    from .together import available, together  # It imports numba, which `function` is made of.

    return together(function) if available() else None


def get_num_threads() -> int:
    """How many threads a kernel may use: at first, as many as this process may use cores.

    The environment variable MINIGRAD_NUM_THREADS says another number.
    """
    global num_threads
    if num_threads is None:
        num_threads = checked(os.environ.get("MINIGRAD_NUM_THREADS") or cores())
    return num_threads


def set_num_threads(n: int) -> None:
    """Let kernels use `n` threads, the calling one included; 1 keeps them to that.

    The results do not depend on it. Raises ValueError unless n is an integer of at least 1.
    """
    global num_threads
    num_threads = checked(n)


def cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def checked(n: int | str) -> int:
    try:
        found = int(n) if isinstance(n, str) else index(n)
    except (TypeError, ValueError):
        found = 0
    if found < 1:
        raise ValueError(f"the number of threads must be an integer of at least 1, got {n!r}")
    return found
