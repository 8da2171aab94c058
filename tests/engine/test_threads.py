"""Threads and tasks: modes and defaults are each one's own, and graphs do not meet."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

import minigrad as mg


def in_a_thread(f: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(f).result()


def test_a_new_thread_sees_no_mode_and_no_default_of_the_one_that_started_it() -> None:
    with mg.no_grad(), mg.device("strict"):
        seen = in_a_thread(lambda: (mg.is_grad_enabled(), str(mg.zeros(1).device)))
    assert seen == (True, "cpu")


def test_what_a_thread_sets_ends_with_it() -> None:
    def work() -> None:
        mg.set_default_dtype(mg.float64)
        mg.set_default_device("strict")
        mg.no_grad().__enter__()

    in_a_thread(work)
    assert mg.is_grad_enabled()
    assert (mg.zeros(1).dtype, mg.zeros(1).device) == (mg.float32, "cpu")


def state() -> tuple[bool, str]:
    return mg.is_grad_enabled(), str(mg.zeros(1).device)


@pytest.mark.parametrize(
    ("block", "inside"),
    [
        (mg.no_grad(), (False, "cpu")),
        (mg.device("strict"), (True, "strict")),
    ],
    ids=["no_grad", "device"],
)
def test_one_instance_entered_by_two_threads_and_left_in_the_other_order(
    block: AbstractContextManager[Any], inside: Any
) -> None:
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

    def first() -> list[Any]:
        with block:
            first_is_in.set()
            second_is_in.wait(5)
            seen = state()
        first_is_out.set()
        return [seen, state()]

    def second() -> list[Any]:
        first_is_in.wait(5)
        with block:
            second_is_in.set()
            first_is_out.wait(5)
            seen = state()
        return [seen, state()]

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(first), pool.submit(second)]
        assert [run.result() for run in runs] == 2 * [[inside, (True, "cpu")]]


def test_tasks_do_not_see_each_others_modes_and_devices() -> None:
    off, strict = mg.no_grad(), mg.device("strict")

    async def changed(turns: int) -> bool:
        with off, strict:
            good = True
            for _ in range(turns):
                await asyncio.sleep(0)
                good &= state() == (False, "strict")
        return good and state() == (True, "cpu")

    async def unchanged() -> bool:
        good = True
        for _ in range(6):
            await asyncio.sleep(0)
            good &= state() == (True, "cpu")
        return good

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(changed(2), unchanged(), changed(4), changed(3), unchanged())

    assert all(asyncio.run(all_at_once()))


def test_a_task_starts_with_the_modes_of_the_one_that_started_it() -> None:
    async def child() -> Any:
        return state()

    async def parent() -> Any:
        with mg.no_grad(), mg.device("strict"):
            return await asyncio.create_task(child())

    assert asyncio.run(parent()) == (False, "strict")


def second_derivatives(device: Any, seed: int) -> bytes:
    """The bits of 20 first and second derivatives, each from a graph of its own."""
    rng = np.random.default_rng(seed)
    x = mg.asarray(rng.standard_normal(5), device=device, requires_grad=True)
    bits = b""
    for _ in range(20):
        y = mg.sum(mg.exp(mg.sin(x)) * x)
        with mg.no_grad():
            assert not mg.exp(x).requires_grad
        (g,) = mg.autograd.grad(y, x, create_graph=True)
        (h,) = mg.autograd.grad(mg.sum(g * g), x)
        bits += g.detach().numpy().tobytes() + h.numpy().tobytes()
    return bits


def test_threads_build_and_differentiate_graphs_at_once(device: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: second_derivatives(device, seed), range(8)))
    assert together == [second_derivatives(device, seed) for seed in range(8)]


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_read_the_same_leaves(device: Any, impatient: None) -> None:
    """Graphs of their own over shared leaves: nobody's gradient depends on the others."""
    x = mg.tensor([0.5, 2.0], device=device, requires_grad=True)

    def work(power: int) -> bytes:
        bits = b""
        for _ in range(10):
            (g,) = mg.autograd.grad(mg.sum(mg.sin(x) ** power), x, create_graph=True)
            (h,) = mg.autograd.grad(mg.sum(g * g), x)
            bits += h.numpy().tobytes()
        return bits

    alone = [work(power) for power in range(2, 9)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(2, 9))) == alone
    assert x.grad is None


def test_no_gradient_is_lost_when_threads_accumulate_into_one_leaf(
    device: Any, impatient: None
) -> None:
    x, y = (mg.tensor([1.0, 2.0], device=device, requires_grad=True) for _ in range(2))
    threads, turns = 4, 100

    def work(weight: int) -> None:
        for _ in range(turns):
            mg.sum(x * y * float(weight)).backward()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(1, threads + 1)))
    total = turns * sum(range(1, threads + 1))
    assert x.grad.tolist() == y.grad.tolist() == [total, 2 * total]


def test_tasks_differentiate_graphs_in_turn(device: Any) -> None:
    x = mg.tensor([0.5, 2.0], device=device, requires_grad=True)

    async def work(weight: float) -> list[float]:
        y = x
        for _ in range(5):
            y = y * weight
            await asyncio.sleep(0)
        with mg.no_grad():
            await asyncio.sleep(0)
        z = mg.sum(y)
        await asyncio.sleep(0)
        (g,) = mg.autograd.grad(z, x)
        z = mg.sum(x * weight)
        await asyncio.sleep(0)
        z.backward()
        return g.tolist()

    async def together() -> list[list[float]]:
        return await asyncio.gather(*map(work, (1.0, 2.0, 3.0)))

    assert asyncio.run(together()) == [[1.0, 1.0], [32.0, 32.0], [243.0, 243.0]]
    assert x.grad.tolist() == [6.0, 6.0]


def test_threads_differentiate_one_retained_graph_at_once(device: Any) -> None:
    x = mg.tensor([0.5, 2.0], device=device, requires_grad=True)
    y = mg.sum(x**3)

    def work(_: int) -> tuple[float, ...]:
        (g,) = mg.autograd.grad(y, x, retain_graph=True)
        return tuple(g.tolist())

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(40))) == {(0.75, 12.0)}


def test_a_graph_built_by_one_thread_is_differentiated_by_another(device: Any) -> None:
    x = mg.tensor([0.5, 2.0], device=device, requires_grad=True)
    in_a_thread(mg.sum(x**3).backward)
    assert x.grad.tolist() == [0.75, 12.0]
