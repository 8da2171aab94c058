"""Memory is used again when nobody refers to it any more, and never sooner."""

from __future__ import annotations

import threading
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backends import get
from minigrad.extend import new_array
from minigrad.kernels import memory

small = mock.patch.object(memory, "LEAST", 1)


@small
@given(data=st.data())
def test_arrays_that_are_alive_share_no_memory(data: st.DataObject) -> None:
    alive: list[tuple[int, np.ndarray]] = []
    for number in range(data.draw(st.integers(1, 30))):
        if alive and data.draw(st.booleans()):
            alive.pop(data.draw(st.integers(0, len(alive) - 1)))
        shape = data.draw(st.sampled_from([(4, 6), (24,), (3, 8, 1), (5,), (0, 3)]))
        array = new_array(shape, data.draw(st.sampled_from(["float32", "float64"])))
        assert array.shape == shape and array.flags.c_contiguous and array.flags.writeable
        array[...] = number
        # What refers to a part keeps the whole.
        kept = array if data.draw(st.booleans()) else array[..., ::2].T
        alive.append((number, kept))
    for number, array in alive:
        assert np.all(array == number)


@small
def test_memory_of_an_array_that_is_gone_does_for_the_next() -> None:
    first = new_array((37, 5), "float32")
    at = first.ctypes.data
    view = first[3:]
    del first
    other = new_array((37, 5), "float32")
    assert other.ctypes.data != at, "a view is still there"
    del view
    assert new_array((37, 5), "float32").ctypes.data == at


@small
def test_arrays_begin_at_a_line_of_the_cache_and_are_no_views() -> None:
    alive = [new_array((7, n), "float32") for n in range(3, 20)]
    assert all(a.ctypes.data % memory.LINE == 0 for a in alive)
    array, is_view = alive[0], get("numpy").is_view
    assert not is_view(array)
    assert is_view(array[1:]) and is_view(array.reshape(21)) and is_view(array.T)


@small
def test_no_more_is_kept_than_allowed() -> None:
    with mock.patch.object(memory, "KEPT", memory.kept_bytes() + 1000):
        alive = [new_array((25, k), "float32") for k in range(1, 30)]
        assert memory.kept_bytes() <= memory.KEPT
        assert not any(np.shares_memory(a, b) for a in alive for b in alive if a is not b)
        del alive
        memory.release()
        new_array((200,), "float32")
        assert memory.kept_bytes() <= memory.KEPT


@small
def test_threads_never_get_the_same_memory() -> None:
    wrong = []

    def work(me: int) -> None:
        for _ in range(300):
            arrays = [new_array((64,), "float32") for _ in range(3)]
            for i, a in enumerate(arrays):
                a[...] = 10 * me + i
            if any(np.any(a != 10 * me + i) for i, a in enumerate(arrays)):
                wrong.append(me)

    team = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    assert not wrong


@small
def test_without_exact_counts_of_references_nothing_is_used_again() -> None:
    with mock.patch.object(memory, "counts_references", False):
        assert new_array((37, 5), "float32").base is None


@pytest.mark.parametrize("which", ["numpy", "numba"])
def test_a_gradient_outlives_the_step_that_made_it(which: str) -> None:
    rng = np.random.default_rng(0)
    gradients = []
    with small, mg.backends.use_kernels(which, least=0):
        for i in range(4):
            x = mg.asarray(rng.standard_normal((8, 4, 5)) + i)
            x.requires_grad_()
            y = mg.nn.functional.relu(x)
            y.backward(mg.asarray(np.full(y.shape, 1.0 + i)))
            gradients.append((x, i))
    for x, i in gradients:
        assert np.array_equal(x.grad.numpy(), (1.0 + i) * (x.detach().numpy() > 0))
