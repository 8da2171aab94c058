"""Batch norm on NumPy, tile by tile, is batch norm: however it is cut, laid out and shared out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backends import get, use_kernels
from minigrad.testing.budget import examples
from minigrad.testing.layout import LAYOUTS, lay_out
from minigrad.testing.strategies import seeds
from minigrad.testing.tolerance import assert_close, largest
from minigrad_bn import training
from minigrad_bn.kernels import blocked

xp = get("numpy").xp


def cut(tile: int, width: int, rows: int) -> Any:
    """The sizes of tiles and of the blocks of a sum, so that small arrays have many."""
    blocked.tiles_of.cache_clear()
    return mock.patch.multiple(blocked, TILE=tile, WIDTH=width, ROWS=rows)


@examples(2)
@given(
    before=st.lists(st.integers(1, 5), max_size=2),
    channels=st.integers(1, 7),
    after=st.lists(st.integers(1, 5), max_size=2),
    sizes=st.tuples(st.integers(1, 60), st.integers(1, 9), st.integers(1, 4)),
    dtype=st.sampled_from(["float32", "float64"]),
    layout=st.sampled_from(LAYOUTS),
    offset=st.sampled_from([0.0, 1.0, 1e4]),
    learnt=st.tuples(st.booleans(), st.booleans()),
    seed=seeds,
)
def test_tiles_of_any_size_give_what_the_definition_gives(
    before: list[int],
    channels: int,
    after: list[int],
    sizes: tuple[int, int, int],
    dtype: str,
    layout: str,
    offset: float,
    learnt: tuple[bool, bool],
    seed: int,
) -> None:
    shape, axis = (*before, channels, *after), len(before)
    axes = tuple(a for a in range(len(shape)) if a != axis)
    rng = np.random.default_rng(seed)
    x = lay_out((rng.standard_normal(shape) + offset).astype(dtype), layout)
    g = lay_out(rng.standard_normal(shape).astype(dtype), layout)
    weight, bias = (
        rng.standard_normal(channels).astype(dtype) if there else None for there in learnt
    )
    memory = x.copy(), g.copy()

    with cut(*sizes):
        y, *residuals = blocked.forward(x, weight, bias, axes=axes, eps=1e-3)
        found = blocked.vjp(g, y, residuals, x, weight, bias, axes=axes, eps=1e-3)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(x, memory[0], err_msg="x was written to")
    np.testing.assert_array_equal(g, memory[1], err_msg="g was written to")

    exact = [None if a is None else a.astype("float64") for a in (x, weight, bias)]
    expected_y, *expected = training.forward(xp, *exact, axes=axes, eps=1e-3)
    cotangents = training.vjp(
        xp, g.astype("float64"), expected_y, expected, *exact, axes=axes, eps=1e-3
    )
    # What rounding does to x, relative to its offset, comes out multiplied by 1/sqrt(var + eps).
    terms = x.size // channels
    spread = 1e-3**-0.5 * largest(*exact[1:2]) if weight is not None else 1e-3**-0.5
    size = largest(x) * spread
    assert_close(y, expected_y, "y", terms=terms, magnitude=size)
    for what, a, b in zip(("mean", "var"), residuals, expected, strict=False):
        assert_close(a.astype(dtype), b, what, terms=terms, magnitude=largest(x - offset) ** 2)
    for what, a, b in zip(("x", "weight", "bias"), found, cotangents, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == x.dtype
            magnitude = size * spread * largest(g)
            assert_close(a, b, f"gradient of {what}", terms=terms, magnitude=magnitude)


@pytest.mark.parametrize("shape", [(16, 24, 8, 8), (600, 40), (8, 8, 8, 24)])
def test_any_number_of_threads_gives_the_same_bits(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal(shape).astype("float32") for _ in range(2))
    axes = tuple(a for a in range(len(shape)) if a != 1)
    before, found = mg.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            mg.set_num_threads(threads)
            with mock.patch("minigrad.kernels.threads.WORTH", 1), cut(2048, 16, 16):
                y, *residuals = blocked.forward(x, axes=axes, eps=1e-5)
                by_x, *_ = blocked.vjp(g, y, residuals, x, axes=axes, eps=1e-5)
            found.append([a.tobytes() for a in (y, *residuals, by_x)])
    finally:
        mg.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@given(shape=st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 300)))
def test_tiles_make_up_all_channels(shape: tuple[int, int, int]) -> None:
    with cut(1000, 64, 16):
        cuts = blocked.Tiles(shape, (0, 2)).cuts
    assert cuts[0] == 0 and cuts[-1] == shape[1]
    assert all(a < b for a, b in pairwise(cuts))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_spoils_its_channel_and_no_other(value: float) -> None:
    x = np.random.default_rng(0).standard_normal((9, 4, 5)).astype("float32")
    x[3, 2, 1] = value
    with np.errstate(invalid="ignore"), cut(20, 5, 4):
        y, *_ = blocked.forward(x, axes=(0, 2), eps=1e-5)
        expected, *_ = training.forward(xp, x, axes=(0, 2), eps=1e-5)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(expected))
    assert np.isnan(y[:, 2]).all() and np.isfinite(np.delete(y, 2, axis=1)).all()


@pytest.mark.parametrize("shape", [(40, 3), (20, 3, 7)])
def test_a_constant_channel_of_any_offset_is_centred_to_zero_and_sends_nothing_back(
    shape: tuple[int, ...],
) -> None:
    x = np.full(shape, 1e7 + 1, "float32")
    g = np.random.default_rng(0).standard_normal(shape).astype("float32")
    axes = tuple(a for a in range(len(shape)) if a != 1)
    y, *residuals = blocked.forward(x, axes=axes, eps=1e-5)
    assert not np.any(y) and not np.any(residuals[1])
    ones = np.ones(3, "float32")
    _, by_weight, _ = blocked.vjp(g, y, residuals, x, ones, axes=axes, eps=1e-5)
    assert not np.any(by_weight)


def test_what_tiles_do_not_take_the_definition_does() -> None:
    x = np.ones((4, 3), "float32")
    options = {"axes": (0,), "eps": 1e-5}
    assert blocked.forward(x, None, None, np.ones((4, 1), bool), **options) is NotImplemented
    assert blocked.forward(x, np.ones(3), None, **options) is NotImplemented
    assert blocked.forward(np.ones((0, 3), "float32"), **options) is NotImplemented
    assert blocked.forward(np.ones((4, 3, 2), "float32"), axes=(0,), eps=1e-5) is NotImplemented


def test_large_batches_are_normalised_tile_by_tile() -> None:
    x = mg.ones((64, 8, 16))
    with use_kernels("numpy") as ran:
        training.batch_norm_training(x, axes=(0, 2), eps=1e-5)
    assert ran == {"batch_norm_training": 1}
