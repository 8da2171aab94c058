"""The kernels of batch norm are batch norm: however arrays are cut, laid out and shared out."""

from __future__ import annotations

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
from minigrad_bn import evaluation, second_order, training
from minigrad_bn.kernels import blocked, runs
from minigrad_bn.kernels import evaluation as fast_evaluation
from minigrad_bn.kernels import second_order as fast_second_order
from minigrad_bn.kernels import training as compiled

xp = get("numpy").xp


both = pytest.mark.parametrize("kernels", [blocked, compiled], ids=["numpy", "numba"])


def cut(kernels: Any, tile: int, width: int, few: int) -> Any:
    """Small tiles, blocks of `few` rows, runs of `few` values: small arrays have many of them."""
    blocked.blocks_of.cache_clear()
    if kernels is blocked:
        longest = {"LONG": few, "LONGEST": width}
        return mock.patch.multiple(blocked, BLOCK=tile, ROWS=few, **longest)
    return mock.patch.multiple(runs, TILE=tile, WIDTH=width, W=max(width, few), LONG=few)


@both
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
    kernels: Any,
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

    with cut(kernels, *sizes):
        y, *residuals = kernels.forward(x, weight, bias, axes=axes, eps=1e-3)
        found = kernels.vjp(g, y, residuals, x, weight, bias, axes=axes, eps=1e-3)
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


@both
@pytest.mark.parametrize("shape", [(16, 24, 8, 8), (600, 40), (8, 8, 8, 24)])
def test_any_number_of_threads_gives_the_same_bits(kernels: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal(shape).astype("float32") for _ in range(2))
    axes = tuple(a for a in range(len(shape)) if a != 1)
    before, found = mg.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            mg.set_num_threads(threads)
            worth = mock.patch.multiple("minigrad.kernels.threads", WORTH=1, WORTH_AWAKE=1)
            with worth, cut(kernels, 2048, 16, 16):
                y, *residuals = kernels.forward(x, axes=axes, eps=1e-5)
                by_x, *_ = kernels.vjp(g, y, residuals, x, axes=axes, eps=1e-5)
            found.append([a.tobytes() for a in (y, *residuals, by_x)])
    finally:
        mg.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@given(shape=st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 300)))
def test_blocks_cover_every_element_once(shape: tuple[int, int, int]) -> None:
    with cut(blocked, 1000, 64, 16):
        blocks = blocked.Blocks(shape, (0, 2))
    seen = np.zeros(shape)
    for block in blocks.list:
        part = blocks.cut(seen, block)
        assert part.size <= blocks.largest and np.shares_memory(part, seen)
        part += 1
    assert np.all(seen == 1)


@both
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_spoils_its_channel_and_no_other(kernels: Any, value: float) -> None:
    x = np.random.default_rng(0).standard_normal((9, 4, 5)).astype("float32")
    x[3, 2, 1] = value
    with np.errstate(invalid="ignore"), cut(kernels, 20, 5, 4):
        y, *_ = kernels.forward(x, axes=(0, 2), eps=1e-5)
        expected, *_ = training.forward(xp, x, axes=(0, 2), eps=1e-5)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(expected))
    assert np.isnan(y[:, 2]).all() and np.isfinite(np.delete(y, 2, axis=1)).all()


@both
@pytest.mark.parametrize("shape", [(40, 3), (20, 3, 7), (20, 3, 30)])
def test_a_constant_channel_of_any_offset_is_centred_to_zero_and_sends_nothing_back(
    kernels: Any,
    shape: tuple[int, ...],
) -> None:
    x = np.full(shape, 1e7 + 1, "float32")
    g = np.random.default_rng(0).standard_normal(shape).astype("float32")
    axes = tuple(a for a in range(len(shape)) if a != 1)
    y, *residuals = kernels.forward(x, axes=axes, eps=1e-5)
    assert not np.any(y) and not np.any(residuals[1])
    ones = np.ones(3, "float32")
    _, by_weight, _ = kernels.vjp(g, y, residuals, x, ones, axes=axes, eps=1e-5)
    assert not np.any(by_weight)


@both
def test_what_a_kernel_does_not_take_the_definition_does(kernels: Any) -> None:
    x, options = np.ones((4, 3), "float32"), {"axes": (0,), "eps": 1e-5}
    forward = kernels.forward
    assert forward(x, None, None, np.ones((4, 1), bool), **options) is NotImplemented
    assert forward(x, np.ones(3), None, **options) is NotImplemented
    assert forward(np.ones((0, 3), "float32"), **options) is NotImplemented
    assert forward(np.ones((4, 3, 2), "float32"), axes=(0,), eps=1e-5) is NotImplemented


@examples(2)
@given(
    before=st.lists(st.integers(1, 5), max_size=2),
    channels=st.integers(1, 7),
    after=st.lists(st.integers(1, 5), max_size=2),
    sizes=st.tuples(st.integers(1, 60), st.integers(1, 9), st.integers(1, 4)),
    dtype=st.sampled_from(["float32", "float64"]),
    layout=st.sampled_from(LAYOUTS),
    learnt=st.booleans(),
    seed=seeds,
)
def test_the_other_compiled_kernels_give_what_their_definitions_give(
    before: list[int],
    channels: int,
    after: list[int],
    sizes: tuple[int, int, int],
    dtype: str,
    layout: str,
    learnt: bool,
    seed: int,
) -> None:
    shape, axis = (*before, channels, *after), len(before)
    rng = np.random.default_rng(seed)
    of = lambda *shape: rng.standard_normal(shape).astype(dtype)
    u, g, x = (lay_out(of(*shape), layout) for _ in range(3))
    gamma, mean, bias = (of(channels) for _ in range(3))
    weight, scale = gamma if learnt else None, gamma.astype("float64")
    axes = {"axes": tuple(a for a in range(len(shape)) if a != axis)}
    options = {**axes, "eps": 1e-2}
    exact = lambda *arrays: [None if a is None else a.astype("float64") for a in arrays]
    so = second_order
    gx, *by = so.x_gradient_forward(xp, *exact(g, x, weight), **options)
    gw, *_ = so.weight_gradient_forward(xp, *exact(g, x), **options)
    given = mean, scale, bias if learnt else None
    y = evaluation.forward(xp, *exact(x, *given), **axes)
    expected = {
        "x_gradient": [gx],
        "x_gradient_vjp": so.x_gradient_vjp(xp, *exact(u), gx, by, *exact(g, x, weight), **options),
        "weight_gradient": [gw],
        "evaluation": [y],
        "scale_vjp": [evaluation.scale_vjp(xp, *exact(g), y, *exact(x, *given), **axes)],
        "bias_vjp": [evaluation.bias_vjp(xp, *exact(g), y, *exact(x, mean, scale, bias), **axes)],
    }
    with cut(compiled, *sizes):
        fast = fast_second_order
        gx, *by = fast.x_gradient(g, x, weight, **options)
        y = fast_evaluation.forward(x, *given, **axes)
        found = {
            "x_gradient": [gx],
            "x_gradient_vjp": fast.x_gradient_vjp(u, gx, by, g, x, weight, **options),
            "weight_gradient": fast.weight_gradient(g, x, **options)[:1],
            "evaluation": [y],
            "scale_vjp": [fast_evaluation.scale_vjp(g, y, x, *given, **axes)],
            "bias_vjp": [fast_evaluation.bias_vjp(g, y, x, mean, scale, bias, **axes)],
        }
    # Each is a sum of products of these, and of 1/sqrt(var + eps), at most thrice.
    spread, terms = options["eps"] ** -0.5, x.size // channels
    magnitude = spread**3 * largest(x, mean) ** 2 * largest(u, g) ** 2 * largest(gamma, bias)
    for what, arrays in expected.items():
        for a, b in zip(found[what], arrays, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert a.shape == b.shape
                assert a.dtype == ("float64" if what == "scale_vjp" else dtype)
                assert_close(a, b, what, dtype=dtype, terms=terms, magnitude=magnitude)


@pytest.mark.parametrize("shape", [(16, 24, 16), (64, 70)])
def test_what_is_not_finite_stays_in_its_channel_at_second_order(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    u, g, x = (rng.standard_normal(shape).astype("float32") for _ in range(3))
    u[3, 5] = np.nan
    options = {"axes": tuple(a for a in range(len(shape)) if a != 1), "eps": 1e-5}
    gx, *by = fast_second_order.x_gradient(g, x, **options)
    by_g, by_x, _ = fast_second_order.x_gradient_vjp(u, gx, by, g, x, **options)
    for a in (by_g, by_x):
        assert np.isnan(a[:, 5]).all() and np.isfinite(np.delete(a, 5, axis=1)).all()


def test_gradients_of_gradients_and_evaluation_go_by_compiled_kernels() -> None:
    x = mg.ones((64, 8, 16), requires_grad=True)
    weight, bias = (mg.ones((8,), requires_grad=True) for _ in range(2))
    with use_kernels("numba") as ran:
        y, _ = training.batch_norm_training(x, weight, bias, axes=(0, 2), eps=1e-5)
        first = mg.autograd.grad(y, (x, weight), mg.asarray(x.data), create_graph=True)
        mg.autograd.grad(first, x, [mg.ones_like(x), mg.ones_like(weight)])
        mean = mg.zeros((8,))
        y = evaluation.batch_norm_evaluation(x, mean, weight, bias, axes=(0, 2))
        y.backward(mg.ones_like(y))
    gradients = "x_gradient", "x_gradient: joint rule", "weight_gradient"
    parts = "training", *gradients, "evaluation", "evaluation: rule 2", "evaluation: rule 3"
    assert ran == {f"batch_norm_{part}": 1 for part in parts}


@pytest.mark.parametrize("which", ["numpy", "numba"])
def test_large_batches_go_by_kernels_forward_and_back(which: str) -> None:
    x = mg.ones((64, 8, 16), requires_grad=True)
    with use_kernels(which) as ran:
        y, _ = training.batch_norm_training(x, axes=(0, 2), eps=1e-5)
        y.backward(mg.ones_like(y))
    assert ran == {"batch_norm_training": 1, "batch_norm_training: joint rule": 1}
