"""Loops keep to one thread while another program wants the cores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import minigrad as mg
from minigrad.kernels import contention, threads
from minigrad.kernels.contention import LONGEST, PAUSE, SHARE, WINDOW, contended, note


class Clocks:
    """The clocks that a test puts forward: loops, and the other threads that run for a share."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.others = 500.0
        monkeypatch.setattr(contention, "perf_counter", lambda: self.now)
        monkeypatch.setattr(contention, "others", lambda: self.others)
        monkeypatch.setattr(contention, "watch", contention.Watch())

    def loops(self, share: float) -> None:
        """Two loops that are enough to tell: of the last, nobody knows how long others ran."""
        for seconds in (0.9 * WINDOW, 0.2 * WINDOW):
            self.now += seconds
            note(seconds)
            self.others += share * seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def test_nothing_is_contended_at_first(clocks: Clocks) -> None:
    assert not contended()


def test_threads_that_run_as_long_as_the_loops_are_not_contended(clocks: Clocks) -> None:
    for share in (1.0, 1.5, 1.1 * SHARE):
        clocks.loops(share)
        assert not contended()


def test_few_loops_tell_nothing(clocks: Clocks) -> None:
    note(0.9 * WINDOW)
    assert not contended()


def test_threads_that_lack_a_core_keep_loops_to_one_for_a_while(clocks: Clocks) -> None:
    clocks.loops(0.9 * SHARE)
    assert contended()
    clocks.now += 0.8 * PAUSE
    assert contended()
    clocks.now += 0.3 * PAUSE
    assert not contended()


def test_each_trial_that_fails_makes_the_next_pause_twice_as_long_up_to_a_limit(
    clocks: Clocks,
) -> None:
    for pause in (PAUSE, 2 * PAUSE, 4 * PAUSE, LONGEST, LONGEST):
        clocks.loops(0.0)
        clocks.now = contention.watch.until
        assert contention.watch.pause == min(2 * pause, LONGEST)
    clocks.loops(1.0)
    assert contention.watch.pause == PAUSE


def test_a_thread_knows_of_its_own_loops_alone(clocks: Clocks) -> None:
    clocks.loops(0.0)
    with ThreadPoolExecutor(1) as other:
        assert not other.submit(contended).result()
    assert contended()


def test_the_clocks_of_the_system_count_the_other_threads() -> None:
    before = contention.others()
    with ThreadPoolExecutor(1) as other:
        other.submit(sum, range(3_000_000)).result()
    assert contention.others() > before


def test_a_shared_loop_gets_one_thread_then(monkeypatch: pytest.MonkeyPatch) -> None:
    loops = pytest.importorskip("minigrad.kernels.relu_loops")
    if threads.on_numba(loops.keep) is None:
        pytest.skip("numba has no threads that several threads may use")
    before = mg.get_num_threads()
    mg.set_num_threads(2)
    try:
        for is_contended, expected in ((False, 2), (True, 1)):
            monkeypatch.setattr(threads, "contended", lambda found=is_contended: found)
            assert threads.threads_for(1 << 40, loops.keep) == expected
    finally:
        mg.set_num_threads(before)
