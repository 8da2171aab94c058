"""A team of threads: the same results for any number of them, whatever else a program does."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.extend import parallel_for
from minigrad.kernels import threads

MUCH = 1 << 40


@pytest.fixture(autouse=True)
def team() -> Iterator[None]:
    """Four threads, whatever the machine has, and what there was afterwards."""
    before = mg.get_num_threads()
    mg.set_num_threads(4)
    yield
    mg.set_num_threads(before)


def cube(start: int, stop: int, x: np.ndarray, y: np.ndarray) -> None:
    for i in range(start, stop):
        y[i] = x[i] ** 3


def cubes(n: int, work: int = MUCH) -> np.ndarray:
    y = np.full(n, -1)
    parallel_for(cube, n, np.arange(n), y, work=work)
    return y


@given(st.integers(0, 50), st.integers(1, 9))
def test_every_step_of_the_range_is_done_once_by_any_number_of_threads(n: int, count: int) -> None:
    mg.set_num_threads(count)
    done: list[int] = []
    parallel_for(lambda start, stop: done.extend(range(start, stop)), n, work=MUCH)
    assert sorted(done) == list(range(n))


def test_several_threads_work_at_the_same_time() -> None:
    meeting = threading.Barrier(4)
    parallel_for(lambda start, stop: meeting.wait(60), 4, work=MUCH)


def test_little_work_is_one_call_on_the_calling_thread() -> None:
    calls: list[tuple[int, int, int]] = []

    def note(start: int, stop: int) -> None:
        calls.append((start, stop, threading.get_ident()))

    parallel_for(note, 1000, work=2 * threads.WORTH - 1)
    assert calls == [(0, 1000, threading.get_ident())]


def test_one_thread_is_the_calling_one() -> None:
    mg.set_num_threads(1)
    seen: set[int] = set()
    parallel_for(lambda start, stop: seen.add(threading.get_ident()), 1000, work=MUCH)
    assert seen == {threading.get_ident()}


@pytest.mark.parametrize("bad", range(16))
def test_what_a_slice_raises_is_raised_when_all_others_are_done(bad: int) -> None:
    done: list[int] = []

    def fail(start: int, stop: int) -> None:
        if start <= bad < stop:
            raise ZeroDivisionError(f"step {bad}")
        done.extend(range(start, stop))

    with pytest.raises(ZeroDivisionError, match=f"step {bad}"):
        parallel_for(fail, 16, work=MUCH)
    assert sorted(done) == [i for i in range(16) if i != bad]
    assert (cubes(100) == np.arange(100) ** 3).all()


def test_a_slice_may_call_for_slices_of_its_own() -> None:
    y = np.zeros((8, 100), dtype=int)

    def rows(start: int, stop: int) -> None:
        for i in range(start, stop):
            parallel_for(cube, 100, np.arange(100) + i, y[i], work=MUCH)

    parallel_for(rows, 8, work=MUCH)
    assert (y == (np.arange(100) + np.arange(8)[:, None]) ** 3).all()


def test_several_threads_may_call_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        for n, found in enumerate(pool.map(cubes, range(200))):
            assert (found == np.arange(n) ** 3).all()


def test_a_helper_that_is_late_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    late = threading.Event()
    team = threads.Team()
    monkeypatch.setattr(threads, "team", team)
    help = team.help

    def sleep_first() -> None:
        late.wait(60)
        help()

    monkeypatch.setattr(team, "help", sleep_first)
    assert (cubes(100) == np.arange(100) ** 3).all()
    late.set()


def test_arrays_are_let_go_although_a_helper_never_came(monkeypatch: pytest.MonkeyPatch) -> None:
    team = threads.Team()
    team.helpers = 3  # so nobody is hired, and the job stays on offer
    monkeypatch.setattr(threads, "team", team)
    x = np.arange(10)
    alive = weakref.ref(x)
    parallel_for(cube, 10, x, np.empty(10, int), work=MUCH)
    assert team.jobs.qsize() == 3
    del x
    gc.disable()
    try:
        assert alive() is None
    finally:
        gc.enable()


def run(code: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_a_team_of_its_own() -> None:
    """The parent's helpers are asleep or at work when it forks; the child's have to be new."""
    code = """
import os, threading, time
from minigrad import set_num_threads
from minigrad.extend import parallel_for

def meet():
    meeting = threading.Barrier(4)
    parallel_for(lambda start, stop: meeting.wait(20), 4, work=1 << 40)

set_num_threads(4)
meet()
busy = threading.Thread(target=parallel_for, args=(lambda a, b: time.sleep(0.2), 16),
                        kwargs={"work": 1 << 40})
busy.start()
child = os.fork()
meet()
if child == 0:
    os._exit(7)
busy.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), end="")
"""
    assert run(code) == "7"


def test_the_environment_says_how_many_threads() -> None:
    code = "import minigrad as mg; print(mg.get_num_threads())"
    assert run(code, MINIGRAD_NUM_THREADS="3") == "3"
    assert run(code, MINIGRAD_NUM_THREADS="") == str(threads.cores())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_process_that_is_kept_to_one_core_uses_one_thread() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import minigrad as mg; print(mg.get_num_threads())"
    )
    assert run(code, MINIGRAD_NUM_THREADS="") == "1"


@pytest.mark.parametrize("n", [0, -1, 1.5, "two", None])
def test_a_number_of_threads_that_makes_no_sense_is_refused(n: object) -> None:
    with pytest.raises(ValueError, match=r"integer of at least 1, got"):
        mg.set_num_threads(n)  # type: ignore[arg-type]
    assert mg.get_num_threads() == 4
