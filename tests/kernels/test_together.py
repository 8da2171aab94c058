"""Loops on numba's threads: the same results as on the team's, and in all that a program does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.extend import parallel_for, shared, threads_for
from minigrad.kernels import threads
from minigrad.testing.budget import examples

numba = pytest.importorskip("numba")
together = pytest.importorskip("minigrad.kernels.together", exc_type=ImportError)
compiling = pytest.importorskip("minigrad.kernels.compiling", exc_type=ImportError)

MUCH = 1 << 40
AT_ONCE = together.available()
on_numba = pytest.mark.skipif(not AT_ONCE, reason="neither OpenMP nor TBB is here")


@shared
@compiling.exactly
def count(start, stop, seen):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        seen[i] += 1


@shared
@compiling.exactly
def sums(start, stop, x, y):  # type: ignore[no-untyped-def]
    """The sum of each row, in order."""
    for i in range(start, stop):
        for j in range(x.shape[1]):
            y[i] += x[i, j]


@shared
@compiling.exactly
def who(start, stop, seen):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        seen[i] = numba.get_thread_id()


@pytest.fixture(autouse=True)
def four() -> Iterator[None]:
    """Four threads, whatever the machine has and however busy it is; then what there was before."""
    before = mg.get_num_threads()
    mg.set_num_threads(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "contended", lambda: False, raising=False)
        yield
    mg.set_num_threads(before)


def counted(n: int, work: int = MUCH) -> Any:
    """How often each step of a range has been done."""
    seen = np.zeros(n, np.int64)
    parallel_for(count, n, seen, work=work)
    return seen


def summed(n: int = 37) -> bytes:
    x = np.random.default_rng(0).standard_normal((n, 50), "float32")
    y = np.zeros(n, "float32")
    parallel_for(sums, n, x, y, work=MUCH)
    return y.tobytes()


def refuse(*_: Any) -> Any:
    raise AssertionError("these threads are not to be asked")


@examples(1)
@given(n=st.integers(0, 100), count=st.integers(1, 9))
def test_every_step_of_the_range_is_done_once_by_any_number_of_threads(n: int, count: int) -> None:
    mg.set_num_threads(count)
    assert counted(n).tolist() == [1] * n


def test_the_number_of_threads_changes_no_bit() -> None:
    found = set()
    for n in (1, 2, 3, 5):
        mg.set_num_threads(n)
        found.add(summed())
    assert len(found) == 1


@on_numba
def test_a_shared_loop_asks_no_thread_of_the_team(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = summed()
    monkeypatch.setattr(threads.team, "offer", refuse)
    assert counted(100).tolist() == [1] * 100
    assert summed() == expected


@on_numba
@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="numba has one thread")
def test_the_threads_of_numba_are_several() -> None:
    """It says nothing but a warning of a loop that it can't share out, and does all on one."""
    seen = np.full(2, -1)
    parallel_for(who, 2, seen, work=MUCH)
    assert min(seen) >= 0
    if numba.threading_layer() == "omp":  # TBB gives a slice to whoever comes first.
        assert len(set(seen)) == 2


@pytest.mark.parametrize("reason", ["no layer", "forked"])
def test_the_team_does_it_where_numba_cannot(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, offered = summed(), []
    offer = threads.team.offer

    def note(job: Any, helpers: int) -> None:
        offered.append(helpers)
        offer(job, helpers)

    monkeypatch.setattr(threads.team, "offer", note)
    monkeypatch.setattr(together, "together", refuse)
    if reason == "forked":
        monkeypatch.setattr(threads, "forked", True)
    else:
        monkeypatch.setattr(together, "available", lambda: False)
    assert counted(100).tolist() == [1] * 100
    assert summed() == expected
    assert offered == [3, 3]


def test_what_is_not_marked_is_left_to_the_team(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "together", refuse)
    plain = compiling.exactly(count.py_func)
    seen = np.zeros(100, np.int64)
    parallel_for(plain, 100, seen, work=MUCH)
    assert seen.tolist() == [1] * 100


def test_little_work_is_one_call_on_the_calling_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads.team, "offer", refuse)
    monkeypatch.setattr(together, "together", refuse)
    calls: list[tuple[int, int, int]] = []

    @shared
    def note(start: int, stop: int) -> None:
        calls.append((start, stop, threading.get_ident()))

    parallel_for(note, 1000, work=2 * threads.WORTH_AWAKE - 1)
    assert calls == [(0, 1000, threading.get_ident())]
    assert counted(1000, 2 * threads.WORTH_AWAKE - 1).tolist() == [1] * 1000


@on_numba
def test_less_work_is_worth_a_thread_that_is_awake() -> None:
    work = 3 * threads.WORTH_AWAKE
    assert work < 2 * threads.WORTH
    assert threads_for(work, count) == 3
    assert threads_for(work, count.py_func) == 1
    assert threads_for(MUCH, count) == threads_for(MUCH, print) == 4


def test_several_threads_may_call_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        for n, found in enumerate(pool.map(counted, range(400))):
            assert found.tolist() == [1] * n


def test_a_slice_of_the_team_may_call_for_slices_of_numba() -> None:
    seen = np.zeros((8, 100), np.int64)

    def rows(start: int, stop: int) -> None:
        for i in range(start, stop):
            parallel_for(count, 100, seen[i], work=MUCH)

    parallel_for(rows, 8, work=MUCH)
    assert (seen == 1).all()


def test_the_twin_of_a_loop_is_kept_on_disk_where_the_loop_is() -> None:
    """A loop that a program makes may lie in no file at all."""
    plain = shared(numba.njit(nogil=True)(count.py_func))
    assert together.together(count).stats.cache_path == count.stats.cache_path is not None
    assert together.together(plain).stats.cache_path is None


def run(*code: str, **environment: str) -> str:
    """What a program prints, which is to end well and complain of nothing."""
    told = "OMP_NUM_THREADS", "NUMBA_THREADING_LAYER", "MINIGRAD_NUM_THREADS"
    kept = {name: value for name, value in os.environ.items() if name not in told}
    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", *code],
        capture_output=True,
        text=True,
        timeout=120,
        env={**kept, **environment},
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


much = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
import numba
import numpy as np
from minigrad import set_num_threads
from minigrad.kernels import relu_loops, threads, together

set_num_threads(2)
threads.WORTH = threads.WORTH_AWAKE = 1
threads.contended = lambda: False
x = np.random.default_rng(0).standard_normal(100_000, "float32")
right = lambda _=0: bool((relu_loops.relu(x) == np.maximum(x, 0)).all())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes_after_its_parent_has() -> None:
    """OpenMP's threads are not there, and the library would end a child that asks for them."""
    code = """
assert right()
child = os.fork()
if child == 0:
    os._exit(7 if all(map(right, range(9))) else 8)
assert right()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run("-c", much + code) == "7"


@pytest.mark.parametrize("layer", ["default", "omp", "tbb", "workqueue"])
def test_the_layer_that_is_asked_for_is_taken_if_threads_may_share_it(layer: str) -> None:
    """Numba's own ends a program of several threads; what is not installed is done without."""
    code = """
before = numba.config.THREADING_LAYER
can = together.available()
with ThreadPoolExecutor(8) as pool:
    assert all(pool.map(right, range(100)))
print(before, numba.config.THREADING_LAYER, can, numba.threading_layer() if can else None)
"""
    before, after, can, taken = run("-c", much + code, NUMBA_THREADING_LAYER=layer).split()
    assert before == after == layer
    assert (can == "True") == (taken in ("omp", "tbb"))
    if layer == "default":
        assert (can == "True") == AT_ONCE
    else:
        assert taken in (layer, "None")
        assert layer != "workqueue" or can == "False"


def test_a_loop_that_has_been_edited_is_compiled_anew(tmp_path: Any) -> None:
    loop = """
from minigrad.extend import shared
from minigrad.kernels.compiling import exactly

@shared
@exactly
def add(start, stop, x):
    for i in range(start, stop):
        x[i] += {}
"""
    code = """
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True  # A second edit within a second would not be seen.
import numpy as np
from loop_of_a_program import add
from minigrad import set_num_threads
from minigrad.extend import parallel_for

set_num_threads(2)
x = np.zeros(100)
parallel_for(add, 100, x, work=1 << 40)
print(*set(x))
"""
    file = tmp_path / "loop_of_a_program.py"
    for amount in ("1.0", "2.5", "31.25"):
        file.write_text(loop.format(amount))
        assert run("-c", code, str(tmp_path)) == amount


def test_loops_that_are_not_compiled_are_run_by_python() -> None:
    assert run("-c", much + "print(right())", NUMBA_DISABLE_JIT="1") == "True"
