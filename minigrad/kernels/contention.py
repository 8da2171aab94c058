"""Whether other programs want the cores on which threads of this one wait awake.

A thread that waits awake uses up its share of a core: a neighbour's comes first then, for several
milliseconds, and a loop that gave it a slice has to wait as long. So it is watched how long the
other threads have been running meanwhile. If that is much less than the loops took, those keep to
the calling thread for a while.
"""

from __future__ import annotations

from threading import local
from time import perf_counter, process_time, thread_time

__all__ = ["contended", "note"]

SHARE = 0.75
"""Another thread runs for at least so much of the time of loops, or else it has lacked a core."""

WINDOW = 0.03
"""So many seconds of loops tell: the system counts in steps of some milliseconds."""

PAUSE, LONGEST = 0.5, 4.0
"""For so many seconds loops keep to one thread before a second one is tried again: twice as long
each time that the trial fails."""


class Watch(local):
    """What a thread knows of its loops: how long they took, and how long others had run before."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.others = 0.0
        self.until = 0.0
        self.pause = PAUSE


watch = Watch()


def contended() -> bool:
    """Whether loops of this thread have lately lacked a core."""
    return perf_counter() < watch.until


def note(seconds: float) -> None:
    """Note that a loop on several threads took so long."""
    if watch.seconds == 0:
        watch.others = others()
    watch.seconds += seconds
    if watch.seconds > WINDOW:
        if others() - watch.others < SHARE * (watch.seconds - seconds):
            watch.until = perf_counter() + watch.pause
            watch.pause = min(2 * watch.pause, LONGEST)
        else:
            watch.pause = PAUSE
        watch.seconds = 0.0


def others() -> float:
    """How many seconds the other threads of this process have spent on cores."""
    return process_time() - thread_time()
