"""The words that the standard lacks, said in its own words: equal to NumPy's, on every backend."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.backends import get
from minigrad.backends.indexing import expand_key, is_basic
from minigrad.backends.windows import positions
from minigrad.testing.budget import examples
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.strategies.indexing import index_expressions
from minigrad.testing.tolerance import assert_close


def raw(device: Any, x: Any) -> Any:
    return device.backend.asarray(np.array(x), device=device)


def raw_key(device: Any, key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(raw_key(device, entry) for entry in key)
    return raw(device, key) if isinstance(key, np.ndarray) else key


def host(device: Any, x: Any) -> Any:
    return device.backend.to_numpy(x)


@examples(4.0)
@given(shape=shapes(1, 3, (1, 2, 3, 0)), data=st.data(), seed=seeds)
def test_getitem_is_numpys_for_every_kind_of_key(
    device: Any, shape: tuple[int, ...], data: Any, seed: int
) -> None:
    key = data.draw(index_expressions(shape))
    x = np.random.default_rng(seed).standard_normal(shape)
    taken = device.backend.xp.getitem(raw(device, x), raw_key(device, key))
    np.testing.assert_array_equal(host(device, taken), x[key])


@examples(4.0)
@given(shape=shapes(1, 3, (1, 2, 3, 0)), data=st.data(), seed=seeds)
def test_scatter_add_is_numpys_add_at_and_the_adjoint_of_getitem(
    device: Any, shape: tuple[int, ...], data: Any, seed: int
) -> None:
    key = data.draw(index_expressions(shape))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    v = rng.standard_normal(x[key].shape)
    xp = device.backend.xp
    placed = host(device, xp.scatter_add(raw(device, v), raw_key(device, key), shape))
    expected = np.zeros(shape)
    np.add.at(expected, key, v)
    assert_close(placed, expected, f"{key}", terms=v.size + 1, magnitude=4.0)
    assert_close(
        np.sum(placed * x), np.sum(v * x[key]), "adjoint", terms=v.size + 1, magnitude=16.0
    )


@examples(3.0)
@given(shape=shapes(1, 3, (1, 2, 3, 0)), data=st.data(), seed=seeds)
def test_index_set_is_numpys_assignment_to_a_copy(
    device: Any, shape: tuple[int, ...], data: Any, seed: int
) -> None:
    key = data.draw(index_expressions(shape))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    tail = data.draw(st.integers(0, x[key].ndim))
    v = rng.standard_normal(x[key].shape[tail:])
    before = raw(device, x)
    after = device.backend.xp.index_set(before, raw_key(device, key), raw(device, v))
    expected = x.copy()
    expected[key] = v
    places = np.arange(math.prod(shape)).reshape(shape)[key]
    if np.unique(places).size == places.size or device.backend.name != "cupy":
        np.testing.assert_array_equal(host(device, after), expected)
    np.testing.assert_array_equal(host(device, before), x)


@pytest.mark.parametrize("key", [
    (slice(None, None, -1), [1, 0]), ([[0], [1]], [0, 2]), (0, [1, 1], slice(0, 1)),
    ([0, 1], slice(None), [1, 1]), (None, [1], ..., None), np.array([False, False]),
    (np.array([True, False]), 2), (slice(5, 0, -2), -1), (..., np.zeros((0,), dtype=int)),
    (slice(None), 0, ..., [1, 1]), ([0, 1], 1, ..., None, [0, 1]), ([0, 1], ..., slice(1), [1, 0]),
    (np.array([[True, False, True]] * 2), ..., [1, 0, 1, 0]), (0, [1, 2], ...), (..., [1], [0]),
], ids=repr)  # fmt: skip
def test_keys_that_are_easily_got_wrong(device: Any, key: Any) -> None:
    x = np.arange(2 * 3 * 2.0).reshape(2, 3, 2)
    entries = key if isinstance(key, tuple) else (key,)
    key = tuple(np.array(e) if isinstance(e, list) else e for e in entries)
    xp = device.backend.xp
    np.testing.assert_array_equal(
        host(device, xp.getitem(raw(device, x), raw_key(device, key))), x[key]
    )
    expected = np.zeros_like(x)
    np.add.at(expected, key, x[key])
    placed = xp.scatter_add(raw(device, np.array(x[key])), raw_key(device, key), x.shape)
    np.testing.assert_array_equal(host(device, placed), expected)


def test_sums_of_many_repeats_are_exact_to_rounding(device: Any) -> None:
    v = np.ones((1000, 2), dtype=np.float32)
    key = np.arange(1000) % 3
    placed = device.backend.xp.scatter_add(raw(device, v), (raw(device, key),), (4, 2))
    np.testing.assert_array_equal(host(device, placed)[:, 0], [334, 333, 333, 0])


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ((0, 0, 0), r"3 indices for an array of shape \(2, 3\)"),
        (2, "index 2 is out of bounds for axis 0"),
        ((0, -4), "index -4 is out of bounds for axis 1"),
        ((..., ...), "more than one ellipsis"),
        (np.array([True, False, True]), r"a mask of shape \(3,\) at axis 0 of shape \(2, 3\)"),
    ],
)
def test_a_key_that_does_not_fit_is_an_index_error(key: Any, message: str) -> None:
    with pytest.raises(IndexError, match=message):
        expand_key(key, (2, 3))


def test_an_index_array_out_of_bounds_is_an_error_and_no_other_place(device: Any) -> None:
    """In the row numbers of the portable words, [0, 5] of a (2, 3) array would be [1, 2]."""
    if device.backend.name == "cupy":
        pytest.skip("CuPy does not look at the values of an index array: that would wait for them")
    x = raw(device, np.ones((2, 3)))
    for bad in (([0], [5]), ([0], [-4]), ([-3], [0])):
        key = tuple(raw(device, np.array(entry)) for entry in bad)
        with pytest.raises(IndexError, match="out of bounds"):
            device.backend.xp.getitem(x, key)


def test_a_key_is_basic_without_arrays_lists_and_truth_values() -> None:
    assert is_basic((0, slice(None), None, ...))
    for key in (True, (0, True), [0], np.array([0])):
        assert not is_basic(key)


window = st.tuples(*(st.integers(1, n) for n in (3, 3, 3, 3, 2, 2)))


@examples(2.0)
@given(numbers=window, room=st.tuples(st.integers(0, 4), st.integers(0, 4)), seed=seeds)
def test_windows_are_numpys_and_fold_is_their_adjoint(
    device: Any, numbers: tuple[int, ...], room: tuple[int, int], seed: int
) -> None:
    shape, strides, dilation = numbers[:2], numbers[2:4], numbers[4:]
    spans = tuple(d * (n - 1) + 1 for n, d in zip(shape, dilation, strict=True))
    size = tuple(s + r for s, r in zip(spans, room, strict=True))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, *size))
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, axis=(1, 2))
    expected = seen[(..., *(slice(None, None, s) for s in (*strides, *dilation)))]
    xp = device.backend.xp
    actual = xp.windows(raw(device, x), shape, strides, dilation)
    np.testing.assert_array_equal(host(device, actual), expected)
    assert expected.shape[1:3] == tuple(map(positions, size, shape, strides, dilation))

    w = rng.standard_normal(expected.shape)
    folded = host(device, xp.fold(raw(device, w), size, strides, dilation))
    assert folded.shape == x.shape
    assert_close(np.sum(folded * x), np.sum(w * expected), "adjoint", terms=w.size, magnitude=16.0)


def test_a_window_larger_than_the_array_sees_nothing(device: Any) -> None:
    xp = device.backend.xp
    seen = xp.windows(raw(device, np.ones((2, 3))), (5,), (1,), (1,))
    assert tuple(seen.shape) == (2, 0, 5)
    assert tuple(xp.fold(seen, (3,), (1,), (1,)).shape) == (2, 3)


@given(
    pieces=st.integers(1, 9),
    rows=st.integers(1, 3),
    inner=st.integers(100, 300),
    turned=st.tuples(st.booleans(), st.booleans()),
    seed=seeds,
)
def test_a_product_in_pieces_is_the_product(
    pieces: int, rows: int, inner: int, turned: tuple[bool, bool], seed: int
) -> None:
    rng, m = np.random.default_rng(seed), pieces * rows
    n = 2_000_000 // (m * inner)
    a, b = rng.standard_normal((m, inner)), rng.standard_normal((inner, n))
    a, b = (v.T.copy().T if turn else v for v, turn in zip((a, b), turned, strict=True))
    found = get("numpy").xp.matmul(a, b)
    assert_close(found, np.einsum("ij,jk->ik", a, b), "product", terms=inner, magnitude=30.0)
