"""Minimal filtering: with fewer multiplications a convolution is its definition still."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.kernels import blocks, threads
from minigrad.ops.convolution import convolution, convolution_input, convolution_weight
from minigrad.testing.budget import examples
from minigrad.testing.layout import lay_out
from minigrad.testing.strategies.arrays import layouts, seeds
from minigrad.testing.tolerance import assert_close, largest

winograd = pytest.importorskip("minigrad.kernels.winograd", exc_type=ImportError)
xp = mg.backends.get("numpy").xp
NEXT = {"strides": (1, 1), "dilation": (1, 1), "groups": 1}
ONE = ((1, 1), (1, 1))


class Problem(NamedTuple):
    """Input, weight, bias, a cotangent, and the padding."""

    x: Any
    w: Any
    bias: Any
    g: Any
    padding: Any

    @classmethod
    def of(cls, samples: int, channels: int, outputs: int, size: Any, padding: Any) -> Problem:
        """Zeros, in these shapes."""
        counts = tuple(n + sum(around) - 2 for n, around in zip(size, padding, strict=True))
        shapes = (samples, channels, *size), (outputs, channels, 3, 3), (outputs,)
        return cls(*map(np.zeros, shapes), np.zeros((samples, outputs, *counts)), padding)

    def map(self, f: Any) -> Problem:
        return Problem(*map(f, self[:4]), self.padding)

    @property
    def maps(self) -> Iterator[tuple[Any, int, Any]]:
        """The three maps, how many products one of their results sums, and their results."""
        how = {**NEXT, "padding": self.padding}
        x, w, bias, g, _ = self
        for primitive, terms, arrays, params in (
            (convolution, 9 * w.shape[1], (x, w), {}),
            (convolution, 9 * w.shape[1] + 1, (x, w, bias), {}),
            (convolution_input, 9 * w.shape[0], (g, w), {"size": x.shape[2:]}),
            (convolution_weight, g[:, 0].size, (x, g), {"kernel": (3, 3)}),
        ):
            yield primitive, terms, primitive.forward(xp, *arrays, **params, **how)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Images of 1 to 9 rows and columns, in which at least one kernel has a place."""
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(2))
    size = [draw(st.integers(max(1, 3 - sum(around)), 9)) for around in padding]
    samples, channels, outputs = (draw(st.integers(1, n)) for n in (5, 4, 4))
    return Problem.of(samples, channels, outputs, size, padding)


@pytest.fixture(autouse=True)
def any_number_of_channels_and_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "FEW", 1)
    monkeypatch.setattr(winograd, "TILES", 0)


def both(problem: Problem) -> Iterator[tuple[Any, int, Any, Any]]:
    """The maps, the terms they sum, what minimal filtering finds, and what the definition does."""
    with mg.backends.use_kernels("numba", least=0) as ran:
        found = list(problem.maps)
    names = {"convolution": 2, "convolution_input": 1, "convolution_weight": 1}
    assert dict(ran) == names, "a map has not been computed by minimal filtering"
    with mg.backends.use_kernels("none"):
        expected = list(problem.map(lambda a: np.array(a, np.float64)).maps)
    for (primitive, terms, actual), (*_, truth) in zip(found, expected, strict=True):
        yield primitive, terms, actual, truth


@examples(8)
@given(
    problem=problems(),
    seed=seeds,
    dtype=st.sampled_from(["float32", "float64"]),
    layout=layouts,
    size=st.sampled_from([8, 2000, 1 << 20]),
)
def test_it_is_the_definition(
    problem: Problem, seed: int, dtype: str, layout: str, size: int
) -> None:
    """At any edge and padding, in any layout, in blocks of a row of tiles or of several samples."""
    rng = np.random.default_rng(seed)
    drawn = problem.map(lambda a: lay_out(rng.standard_normal(a.shape).astype(dtype), layout))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BYTES", size)
        patch.setattr(blocks, "SMALL", size)
        for primitive, terms, found, truth in both(drawn):
            magnitude = largest(*drawn[:4]) ** 2
            assert_close(found, truth, str(primitive), terms=terms, magnitude=magnitude)


@examples(4)
@given(problem=problems(), seed=seeds)
def test_small_integers_are_exact(problem: Problem, seed: int) -> None:
    """There are no factors but 1, 1/2 and 1/4."""
    rng = np.random.default_rng(seed)
    drawn = problem.map(lambda a: rng.integers(-9, 10, a.shape).astype(np.float32))
    for primitive, _, found, truth in both(drawn):
        np.testing.assert_array_equal(found, truth, err_msg=str(primitive))


@examples(4)
@given(problem=problems(), seed=seeds, data=st.data())
def test_what_is_not_finite_is_left_to_the_definition(
    problem: Problem, seed: int, data: Any
) -> None:
    """One infinity, NaN or number near the largest; where it reaches, the definition says."""
    rng = np.random.default_rng(seed)
    drawn = problem.map(lambda a: rng.standard_normal(a.shape).astype(np.float32))
    spoilt = drawn[data.draw(st.sampled_from([0, 1, 3]))]
    spoilt.reshape(-1)[data.draw(st.integers(0, spoilt.size - 1))] = data.draw(
        st.sampled_from([np.nan, np.inf, -np.inf, 3e38])
    )
    with np.errstate(all="ignore"):
        with mg.backends.use_kernels("numba", least=0) as ran:
            found = list(drawn.maps)
        with mg.backends.use_kernels("none"):
            expected = list(drawn.maps)
    assert sum(ran.values()) < 4 or not np.isnan(spoilt).any()
    for (primitive, _, actual), (*_, truth) in zip(found, expected, strict=True):
        for same in (np.isfinite, np.isnan, np.isposinf):
            assert (same(actual) == same(truth)).all(), primitive


@pytest.mark.parametrize(
    ("weight", "params"),
    [
        ((4, 4, 3, 2), {}),
        ((4, 4, 3, 3), {"strides": (1, 2)}),
        ((4, 4, 3, 3), {"dilation": (2, 1)}),
        ((8, 4, 3, 3), {"groups": 2}),
        ((3, 8, 3, 3), {}),
        ((8, 3, 3, 3), {}),
    ],
)
def test_other_kernels_and_few_channels_are_left_to_columns(
    weight: Any, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winograd, "FEW", 4)
    how = {**NEXT, "padding": ONE, **params}
    x, w = np.ones((2, weight[1] * how["groups"], 6, 6)), np.ones(weight)
    y = convolution.forward(xp, x, w, **how)
    assert winograd.convolve(x, w, **how) is NotImplemented
    assert winograd.convolve_input(y, w, size=(6, 6), **how) is NotImplemented
    assert winograd.convolve_weight(x, y, kernel=weight[2:], **how) is NotImplemented


def test_a_few_tiles_of_many_channels_are_left_to_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(winograd, "TILES", 1)
    how = {**NEXT, "padding": ONE}
    for samples, taken in ((1, False), (2, True)):
        x, g = np.ones((samples, 8, 4, 4)), np.ones((samples, 8, 4, 4))
        found = winograd.convolve_weight(x, g, kernel=(3, 3), **how)
        assert (found is not NotImplemented) == taken


def test_more_zeros_around_than_a_kernel_reaches_have_no_weight_turned_around() -> None:
    how = {**NEXT, "padding": ((3, 0), (0, 2))}
    g, w = np.ones((2, 4, 7, 6)), np.ones((4, 3, 3, 3))
    assert winograd.convolve_input(g, w, size=(6, 6), **how) is NotImplemented


@pytest.mark.parametrize("size", [(14, 14), (5, 5), (70, 3)])
def test_the_number_of_threads_changes_no_bit(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    zeros = Problem.of(40, 16, 24, size, ONE)
    drawn = zeros.map(lambda a: rng.standard_normal(a.shape, "float32"))
    before, found = threads.get_num_threads(), []
    try:
        for n in (1, 2, 3):
            threads.set_num_threads(n)
            with mg.backends.use_kernels("numba", least=0) as ran:
                found.append([y.tobytes() for *_, y in drawn.maps])
            assert sum(ran.values()) == 4
    finally:
        threads.set_num_threads(before)
    assert found[0] == found[1] == found[2]


def test_inputs_are_read_only_and_stay_as_they_are() -> None:
    rng = np.random.default_rng(0)
    drawn = Problem.of(2, 3, 4, (5, 6), ONE).map(lambda a: rng.standard_normal(a.shape))
    before = [a.copy() for a in drawn[:4]]
    for a in drawn[:4]:
        a.flags.writeable = False
    for primitive, terms, found, truth in both(drawn):
        assert_close(found, truth, str(primitive), terms=terms, magnitude=largest(*before) ** 2)
        assert not any(np.shares_memory(found, a) for a in drawn[:4])
    for a, b in zip(drawn, before, strict=False):
        np.testing.assert_array_equal(a, b)
