"""Compiled convolutions: with fewer multiplications or with all, they are the definition."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.kernels import blocks, threads
from minigrad.nn import functional as F
from minigrad.ops.convolution import convolution, convolution_input, convolution_weight
from minigrad.testing.budget import examples
from minigrad.testing.kernels import assert_kernels_equal
from minigrad.testing.layout import lay_out
from minigrad.testing.records.convolution import records
from minigrad.testing.strategies.arrays import layouts, seeds
from minigrad.testing.tolerance import assert_close, largest

kernels = pytest.importorskip("minigrad.kernels.convolution_compiled", exc_type=ImportError)
xp = mg.backends.get("numpy").xp
NEXT = {"strides": (1, 1), "dilation": (1, 1), "groups": 1}
ONE = ((1, 1), (1, 1))


class Problem(NamedTuple):
    """A convolution 3x3 at neighbouring positions, which both algorithms compute.

    Input, weight, bias, a cotangent, the padding, and the number of groups.
    """

    x: Any
    w: Any
    bias: Any
    g: Any
    padding: Any
    groups: int

    @classmethod
    def of(
        cls, samples: int, channels: int, outputs: int, size: Any, padding: Any, groups: int = 1
    ) -> Problem:
        """Zeros, in these shapes; the channels are those of a group."""
        counts = tuple(n + sum(around) - 2 for n, around in zip(size, padding, strict=True))
        all_outputs = groups * outputs
        shapes = (
            (samples, groups * channels, *size),
            (all_outputs, channels, 3, 3),
            (all_outputs,),
            (samples, all_outputs, *counts),
        )
        return cls(*map(np.zeros, shapes), padding, groups)

    def map(self, f: Any) -> Problem:
        return Problem(*map(f, self[:4]), *self[4:])

    @property
    def maps(self) -> Iterator[tuple[Any, int, Any]]:
        """The three maps, how many products one of their results sums, and their results."""
        how = {**NEXT, "padding": self.padding, "groups": self.groups}
        x, w, bias, g = self[:4]
        for primitive, terms, arrays, params in (
            (convolution, 9 * w.shape[1], (x, w), {}),
            (convolution, 9 * w.shape[1] + 1, (x, w, bias), {}),
            (convolution_input, 9 * w.shape[0] // self.groups, (g, w), {"size": x.shape[2:]}),
            (convolution_weight, g[:, 0].size, (x, g), {"kernel": (3, 3)}),
        ):
            yield primitive, terms, primitive.forward(xp, *arrays, **params, **how)


algorithms = pytest.mark.parametrize("algorithm", ["direct", "winograd"])


@contextmanager
def only(algorithm: str) -> Iterator[pytest.MonkeyPatch]:
    """Inside, it is taken for all sizes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SMALL", "ALONE"):
            patch.setattr(kernels, name, 1 << 30 if algorithm == "direct" else 0)
        patch.setattr(kernels, "FEW", 1)
        patch.setattr(kernels.winograd, "TILES", 0)
        yield patch


@st.composite
def problems(draw: st.DrawFn, algorithm: str) -> Problem:
    """Images of 1 to 9 rows and columns, in which at least one kernel has a place."""
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(2))
    size = [draw(st.integers(max(1, 3 - sum(around)), 9)) for around in padding]
    samples, channels, outputs = (draw(st.integers(1, n)) for n in (5, 4, 4))
    groups = draw(st.integers(1, 3)) if algorithm == "direct" else 1
    return Problem.of(samples, channels, outputs, size, padding, groups)


def both(algorithm: str, problem: Problem) -> Iterator[tuple[Any, int, Any, Any]]:
    """The maps, the terms they sum, what the algorithm finds, and what the definition does."""
    with only(algorithm), mg.backends.use_kernels("numba", least=0) as ran:
        found = list(problem.maps)
    names = {"convolution": 2, "convolution_input": 1, "convolution_weight": 1}
    assert dict(ran) == names, "a map has not been computed by the algorithm"
    with mg.backends.use_kernels("none"):
        expected = list(problem.map(lambda a: np.array(a, np.float64)).maps)
    for (primitive, terms, actual), (*_, truth) in zip(found, expected, strict=True):
        yield primitive, terms, actual, truth


@algorithms
@examples(8)
@given(seed=seeds, dtype=st.sampled_from(["float32", "float64"]), layout=layouts, data=st.data())
def test_it_is_the_definition(
    algorithm: str, seed: int, dtype: str, layout: str, data: Any
) -> None:
    """At any edge and padding, in any layout; in blocks of a row or of several samples."""
    rng = np.random.default_rng(seed)
    drawn = data.draw(problems(algorithm)).map(
        lambda a: lay_out(rng.standard_normal(a.shape).astype(dtype), layout)
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in ("BYTES", "SMALL"):
            patch.setattr(blocks, name, data.draw(st.sampled_from([8, 2000, 1 << 20])))
        patch.setattr(getattr(kernels, algorithm), "PARTS", data.draw(st.integers(1, 8)))
        for primitive, terms, found, truth in both(algorithm, drawn):
            magnitude = largest(*drawn[:4]) ** 2
            assert_close(found, truth, str(primitive), terms=terms, magnitude=magnitude)


@examples(8)
@given(seed=seeds, dtype=st.sampled_from(["float32", "float64"]), data=st.data())
def test_blocks_of_tiles_and_products_of_any_size_are_the_definition(
    seed: int, dtype: str, data: Any
) -> None:
    """Blocks of a row of tiles, products of one tile and of all, on one thread and on several."""
    rng = np.random.default_rng(seed)
    drawn = data.draw(problems("winograd")).map(
        lambda a: rng.standard_normal(a.shape).astype(dtype)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels.winograd, "BYTES", data.draw(st.sampled_from([8, 2000, 1 << 20])))
        patch.setattr(kernels.winograd, "PIECE", data.draw(st.sampled_from([1, 20, 60, 1 << 18])))
        patch.setattr(kernels.winograd, "PARTS", data.draw(st.integers(1, 8)))
        for worth in ("WORTH", "WORTH_AWAKE"):
            patch.setattr(threads, worth, data.draw(st.sampled_from([1, 1 << 40])))
        for primitive, terms, found, truth in both("winograd", drawn):
            magnitude = largest(*drawn[:4]) ** 2
            assert_close(found, truth, str(primitive), terms=terms, magnitude=magnitude)


@algorithms
@examples(4)
@given(seed=seeds, data=st.data())
def test_small_integers_are_exact(algorithm: str, seed: int, data: Any) -> None:
    """The transforms have no factors but 1, 1/2 and 1/4."""
    rng = np.random.default_rng(seed)
    drawn = data.draw(problems(algorithm)).map(
        lambda a: rng.integers(-9, 10, a.shape).astype(np.float32)
    )
    for primitive, _, found, truth in both(algorithm, drawn):
        np.testing.assert_array_equal(found, truth, err_msg=str(primitive))


@algorithms
@examples(8)
@given(seed=seeds, data=st.data())
def test_what_is_not_finite_reaches_what_it_reaches_by_the_definition(
    algorithm: str, seed: int, data: Any
) -> None:
    """One infinity, NaN or number near the largest."""
    rng = np.random.default_rng(seed)
    problem = data.draw(problems(algorithm)).map(
        lambda a: rng.standard_normal(a.shape).astype(np.float32)
    )
    spoilt = problem[data.draw(st.sampled_from([0, 1, 3]))]
    place = data.draw(st.integers(0, spoilt.size - 1))
    spoilt.reshape(-1)[place] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf, 3e38]))
    with np.errstate(all="ignore"):
        with only(algorithm), mg.backends.use_kernels("numba", least=0):
            found = list(problem.maps)
        with mg.backends.use_kernels("none"):
            expected = list(problem.maps)
    for (primitive, _, actual), (*_, truth) in zip(found, expected, strict=True):
        for same in (np.isfinite, np.isnan, np.isposinf):
            assert (same(actual) == same(truth)).all(), primitive


@pytest.mark.parametrize("record", records, ids=str)
@examples(4)
@given(data=st.data())
def test_any_kernel_stride_and_dilation_is_computed_directly(record: Any, data: Any) -> None:
    """Over one axis, too; in parts of some samples."""
    case, seed = data.draw(record.draw((1, 2, 5))), data.draw(seeds)
    dtype, layout = data.draw(st.sampled_from(["float32", "float64"])), data.draw(layouts)
    with only("direct") as patch:
        patch.setattr(kernels.direct, "PARTS", data.draw(st.integers(1, 8)))
        patch.setattr(kernels, "columns", None)  # They are not turned to.
        ran = assert_kernels_equal(record, case, seed, "cpu", dtype=dtype, layout=layout)
    assert ran[record.name] >= 1


def test_long_rows_that_no_window_sees_are_nowhere_in_the_lines() -> None:
    rng = np.random.default_rng(0)
    how = {"strides": (3, 1), "padding": ((0, 0), (1, 1)), "dilation": (1, 1), "groups": 1}
    x, w = rng.standard_normal((1, 1, 5, 70)), rng.standard_normal((1, 1, 3, 3))
    with mg.backends.use_kernels("none"):
        y = convolution.forward(xp, x, w, **how)
        by_x = convolution_input.forward(xp, y, w, size=(5, 70), **how)
        by_w = convolution_weight.forward(xp, x, y, kernel=(3, 3), **how)
    found = kernels.convolve(x, w, **how)
    np.testing.assert_allclose(found, y, rtol=1e-9)
    np.testing.assert_allclose(kernels.convolve_input(y, w, size=(5, 70), **how), by_x, rtol=1e-9)
    np.testing.assert_allclose(kernels.convolve_weight(x, y, kernel=(3, 3), **how), by_w, rtol=1e-9)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
@pytest.mark.parametrize("where", ["input", "weight"])
def test_what_is_not_finite_is_spread_as_by_the_definition(bad: float, where: str) -> None:
    """Also where strides leave out elements of the input."""
    rng = np.random.default_rng(0)
    how = {"strides": (2, 3), "padding": ((1, 0), (2, 1)), "dilation": (1, 2), "groups": 2}
    x, w = rng.standard_normal((2, 4, 8, 9)), rng.standard_normal((4, 2, 2, 2))
    g = convolution.forward(xp, x, w, **how)
    for a in (w,) if where == "weight" else (x, g):
        a[1, 1, 1, 1] = bad
    for primitive, arrays, params in (
        (convolution, (x, w), {}),
        (convolution_input, (g, w), {"size": (8, 9)}),
        (convolution_weight, (x, g), {"kernel": (2, 2)}),
    ):
        with np.errstate(all="ignore"):
            with only("direct"), mg.backends.use_kernels("numba", least=0) as ran:
                found = primitive.forward(xp, *arrays, **params, **how)
            with mg.backends.use_kernels("none"):
                expected = primitive.forward(xp, *arrays, **params, **how)
        assert ran[primitive.name] == 1
        np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=str(primitive))


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
def test_other_kernels_and_a_few_channels_on_one_side_are_left_to_columns(
    weight: Any, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, n in (("SMALL", 15), ("ALONE", 15), ("FEW", 4)):
        monkeypatch.setattr(kernels, name, n)
    how = {**NEXT, "padding": ONE, **params}
    x, w = np.ones((2, weight[1] * how["groups"], 6, 6)), np.ones(weight)
    y = convolution.forward(xp, x, w, **how)
    assert kernels.convolve(x, w, **how) is NotImplemented
    assert kernels.convolve_input(y, w, size=(6, 6), **how) is NotImplemented
    assert kernels.convolve_weight(x, y, kernel=weight[2:], **how) is NotImplemented


@pytest.mark.parametrize(
    ("weight", "groups", "name"),
    [
        ((99, 1, 3, 3), 99, "direct"),
        ((99, 1, 7, 7), 99, "direct"),
        ((16, 1, 3, 3), 1, "direct"),
        ((16, 16, 3, 3), 1, "winograd"),
    ],
)
def test_the_algorithm_is_that_for_the_channels_of_a_group(
    weight: Any, groups: int, name: str
) -> None:
    found = kernels.algorithm_for(weight, (1, 1), (1, 1), groups)
    assert found is getattr(kernels, name)


def test_without_scipy_matrices_are_multiplied_as_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Numba takes the BLAS of SciPy: a loop that needs it would not be compiled."""

    def refuse(*_: Any) -> Any:
        raise AssertionError("this loop can't be compiled")

    rng = np.random.default_rng(0)
    zeros = Problem.of(3, 9, 10, (8, 9), ONE)
    drawn = zeros.map(lambda a: rng.standard_normal(a.shape).astype(np.float32))
    for name in ("convolve", "correlate"):
        monkeypatch.setattr(kernels.winograd, name, refuse)
    monkeypatch.setattr(kernels, "MULTIPLIES", False)
    with mg.backends.use_kernels("all", least=0) as ran:
        found = list(drawn.maps)
    assert sum(ran.values()) == 4
    with mg.backends.use_kernels("none"):
        expected = list(drawn.map(lambda a: np.array(a, np.float64)).maps)
    for (primitive, terms, actual), (*_, truth) in zip(found, expected, strict=True):
        magnitude = largest(*drawn[:4]) ** 2
        assert_close(actual, truth, str(primitive), terms=terms, magnitude=magnitude)


def test_a_few_tiles_of_many_channels_are_left_to_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels.columns, "convolve_weight", lambda *_, **__: "columns")
    how = {**NEXT, "padding": ONE}
    for samples, left in ((2, True), (3, False)):
        x, g = np.ones((samples, 9, 4, 4)), np.ones((samples, 9, 4, 4))
        found = kernels.convolve_weight(x, g, kernel=(3, 3), **how)
        assert isinstance(found, str) == left


@algorithms
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_captured_step_meets_what_is_not_finite_later(algorithm: str, bad: float) -> None:
    """What a program calls was chosen by the shapes, and takes all values."""
    rng = np.random.default_rng(0)
    fine, w = rng.standard_normal((2, 3, 8, 8)), rng.standard_normal((4, 3, 3, 3))
    spoilt = fine.copy()
    spoilt[1, 2, 0, 3] = bad

    def step(x: mg.Tensor, w: mg.Tensor) -> Any:
        y, vjp = mg.vjp(lambda x, w: F.conv2d(x, w, padding=1), x, w)
        return y, *vjp(y)

    captured = mg.capture(step)
    with only(algorithm), mg.backends.use_kernels("numba", least=0), np.errstate(all="ignore"):
        for x in (fine, fine, spoilt, fine):
            arrays = mg.asarray(x), mg.asarray(w)
            for found, expected in zip(captured(*arrays), step(*arrays), strict=True):
                np.testing.assert_array_equal(found.data, expected.data)


@algorithms
def test_an_overflow_that_is_none_of_the_definitions_is_not_heard_of(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    drawn = Problem.of(2, 3, 4, (5, 6), ONE).map(
        lambda a: np.sign(rng.standard_normal(a.shape)).astype(np.float32)
    )
    x, g = drawn.x * np.float32(3e38), drawn.g * np.float32(1e-3)
    drawn = drawn._replace(x=x, w=drawn.w * np.float32(1e-3), g=g)
    with np.errstate(over="raise", invalid="raise"):
        for primitive, terms, found, truth in both(algorithm, drawn):
            assert_close(found, truth, str(primitive), terms=terms)


def test_more_zeros_around_than_a_kernel_reaches_have_no_weight_turned_around() -> None:
    rng = np.random.default_rng(0)
    wide = Problem.of(2, 3, 4, (6, 6), ((3, 0), (0, 4))).map(lambda a: rng.standard_normal(a.shape))
    for primitive, terms, found, truth in both("direct", wide):
        assert_close(found, truth, str(primitive), terms=terms, magnitude=largest(*wide[:4]) ** 2)
    with only("winograd"):
        how = {**NEXT, "padding": wide.padding, "size": (6, 6)}
        assert kernels.convolve_input(wide.g, wide.w, **how) is NotImplemented


@algorithms
@pytest.mark.parametrize("size", [(14, 14), (5, 5), (70, 3)])
def test_the_number_of_threads_changes_no_bit(algorithm: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    zeros = Problem.of(40, 16, 24, size, ONE)
    drawn = zeros.map(lambda a: rng.standard_normal(a.shape, "float32"))
    before, found = threads.get_num_threads(), []
    try:
        for n in (1, 2, 3):
            threads.set_num_threads(n)
            with only(algorithm), mg.backends.use_kernels("numba", least=0) as ran:
                found.append([y.tobytes() for *_, y in drawn.maps])
            assert sum(ran.values()) == 4
    finally:
        threads.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@algorithms
def test_inputs_are_read_only_and_stay_as_they_are(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    drawn = Problem.of(2, 3, 4, (5, 6), ONE).map(lambda a: rng.standard_normal(a.shape))
    before = [a.copy() for a in drawn[:4]]
    for a in drawn[:4]:
        a.flags.writeable = False
    for primitive, terms, found, truth in both(algorithm, drawn):
        assert_close(found, truth, str(primitive), terms=terms, magnitude=largest(*before) ** 2)
        assert not any(np.shares_memory(found, a) for a in drawn[:4])
    for a, b in zip(drawn, before, strict=False):
        np.testing.assert_array_equal(a, b)


interpreted = """
import numpy as np
from minigrad.kernels import convolution_compiled as kernels

rng = np.random.default_rng(0)
for shape, weight, how in (
    ((2, 9, 5, 4), (8, 9, 3, 3), {"padding": ((1, 1), (0, 2))}),
    ((2, 2, 5, 4), (2, 1, 3, 3), {"padding": ((1, 1), (0, 2)), "groups": 2}),
    ((1, 1, 3, 50), (1, 1, 1, 3), {"dilation": (1, 20)}),
    ((1, 2, 9, 8), (2, 2, 4, 3), {"strides": (2, 3), "padding": ((2, 0), (1, 1))}),
    ((2, 1, 9), (1, 1, 3), {"strides": (2,), "padding": ((0, 0),), "dilation": (2,)}),
):
    one = (1,) * (len(shape) - 2)
    how = {"strides": one, "dilation": one, "groups": 1, "padding": ((0, 0),) * len(one), **how}
    x, w = rng.standard_normal(shape), rng.standard_normal(weight)
    y = kernels.convolve(x, w, **how)
    assert isinstance(y, np.ndarray)
    assert isinstance(kernels.convolve_input(y, w, size=shape[2:], **how), np.ndarray)
    assert isinstance(kernels.convolve_weight(x, y, kernel=weight[2:], **how), np.ndarray)
"""


def test_no_loop_leaves_its_arrays() -> None:
    """Compiled, nothing would be said of it: so the loops are run by Python."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    code = [sys.executable, "-W", "error", "-c", interpreted]
    result = subprocess.run(code, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr


@given(st.integers(8, 2048), st.integers(8, 2048), st.integers(1, 64))
def test_no_product_within_a_loop_is_large_enough_for_threads_of_blas(
    inputs: int, outputs: int, side: int
) -> None:
    """OpenBLAS, on every processor: interface/gemm.c has one thread for up to 4 times 65536."""
    weight = outputs, inputs, 3, 3
    if kernels.algorithm_for(weight, (1, 1), (1, 1), 1) is kernels.winograd:
        x, y = (np.empty((2, n, side, side), "float32") for n in (inputs, outputs))
        tiles = kernels.winograd.Tiles(x, y)
        assert tiles.step * inputs * outputs <= 4 * 65536


many_channels = """
import numpy as np
import minigrad as mg
from minigrad import nn
from minigrad.kernels import convolution_compiled as kernels
from minigrad.kernels import threads

mg.set_num_threads(2)
threads.contended = lambda: False
rng = np.random.default_rng(0)
for inputs, outputs in ((64, 128), (128, 256), (256, 256)):
    found = kernels.algorithm_for((outputs, inputs, 3, 3), (1, 1), (1, 1), 1)
    assert found is kernels.winograd, "a kernel that multiplies nothing in loops"
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    x = mg.tensor(rng.standard_normal((8, inputs, 14, 14), "float32"), requires_grad=True)
    with mg.backends.use_kernels("numba") as ran:
        mg.sum(layer(x) ** 2).backward()
    assert sum(ran.values()) == 3, ran
"""


@pytest.mark.skipif(not kernels.MULTIPLIES, reason="numba multiplies with SciPy")
def test_blas_is_never_asked_for_threads_within_a_loop_of_openmp() -> None:
    """It would start none, and print that the program may hang, once for each product."""
    told = "OMP_NUM_THREADS", "NUMBA_THREADING_LAYER", "MINIGRAD_NUM_THREADS"
    environment = {name: value for name, value in os.environ.items() if name not in told}
    environment["OPENBLAS_NUM_THREADS"] = "2"
    code = [sys.executable, "-c", many_channels]
    result = subprocess.run(code, capture_output=True, text=True, env=environment)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
