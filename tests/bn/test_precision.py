"""No offset and no scale costs batch norm digits; and where it errs, PyTorch does no better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.backends import use_kernels
from minigrad.statistics import total
from minigrad.testing.budget import examples
from minigrad.testing.layout import lay_out
from minigrad.testing.strategies.arrays import layouts, seeds
from minigrad.testing.suite.checks import needs_torch
from tests.benchmarks import precision

from .precision import ROUNDINGS, errors, ours, pytorchs

Array = np.ndarray


@dataclass(frozen=True)
class Batch:
    x: Array
    weight: Array
    bias: Array
    g: Array
    eps: float

    @property
    def arguments(self):
        return self.x, self.weight, self.bias, self.g, self.eps


@st.composite
def batches(draw: st.DrawFn, shapes=st.nothing()) -> Batch:
    """Float32 of any offset up to 1e7 deviations and any deviation from 1e-6 to 1e6."""
    shape = draw(shapes)
    rng = np.random.default_rng(draw(seeds))
    column = (1, shape[1], *[1] * (len(shape) - 2))
    scale = 10 ** rng.uniform(-6, 6, column)
    offset = scale * 10 ** rng.uniform(-2, 7, column) * rng.choice([-1, 0, 1], column)

    def laid_out(a: Array) -> Array:
        return lay_out(a.astype(np.float32), draw(layouts.filter(lambda name: name != "stride 0")))

    def vector() -> Array:
        return rng.uniform(-3, 3, shape[1]).astype(np.float32)

    x = offset + scale * rng.standard_normal(shape)
    g = rng.standard_normal(shape)
    eps = draw(st.sampled_from([1e-5, 1e-3, 0.1]))
    return Batch(laid_out(x), vector(), vector(), laid_out(g), eps)


some = st.tuples(st.integers(2, 300), st.integers(1, 40))
planes = st.tuples(*[st.integers(2, 9)] * 2, *[st.integers(2, 30)] * 2)
rows = st.tuples(st.integers(1_000, 20_000), st.integers(1, 8))
steps = st.tuples(st.integers(100, 2_000), st.integers(1, 4), st.integers(1, 8))
any_shape = st.one_of(some, planes, rows, steps)


@pytest.mark.parametrize("kernels", ["none", "numpy", "numba"])
@given(batch=batches(any_shape))
def test_b12_errors_stay_within_the_roundings_of_the_formula_at_any_offset_and_scale(
    kernels: str, batch: Batch
):
    with use_kernels(kernels, least=0):
        found = errors(ours, *batch.arguments)
    for name, error in found.items():
        assert np.all(error <= ROUNDINGS[name]), f"{name}: {np.max(error):.3g} units"


@needs_torch
@given(batch=batches(any_shape))
def test_errors_are_never_above_pytorchs_where_pytorchs_exceed_rounding(batch: Batch):
    """In every channel, ours is at most the larger of PyTorch's and what rounding explains."""
    theirs = errors(pytorchs, *batch.arguments)
    for name, error in errors(ours, *batch.arguments).items():
        allowed = np.maximum(theirs[name], ROUNDINGS[name])
        assert np.all(error <= allowed), f"{name}: {error} units, PyTorch's {theirs[name]}"


@needs_torch
@pytest.mark.parametrize("shape", [(10_000, 16), (30_000, 3), (3_000, 64)])
def test_batches_of_many_rows_are_less_wrong_than_pytorchs_also_without_an_offset(shape):
    """The mean square over channels: PyTorch, too, adds up the rows one by one."""
    rng = np.random.default_rng(sum(shape))
    x, g = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
    weight, bias = (rng.uniform(-3, 3, shape[1]).astype(np.float32) for _ in range(2))
    mine, theirs = (errors(f, x, weight, bias, g, 1e-5) for f in (ours, pytorchs))
    for name in ("y", "d/dx"):
        assert np.mean(mine[name] ** 2) <= np.mean(theirs[name] ** 2), name


@needs_torch
@pytest.mark.parametrize("label", precision.SHAPES)
def test_no_cell_of_the_table_is_above_pytorchs_to_the_digit_that_it_shows(label):
    for offset in (0.0, 1.0, 1e4):
        mine, theirs = (
            precision.typical(f, precision.SHAPES[label], offset, 1.0) for f in (ours, pytorchs)
        )
        for name in mine:
            assert mine[name] <= theirs[name] + 0.1, f"{name} at offset {offset}"


@examples(2)
@given(
    shape=st.lists(st.integers(1, 40), min_size=1, max_size=4).map(tuple),
    many=st.integers(0, 5_000),
    seed=seeds,
    layout=layouts,
    data=st.data(),
)
def test_a_total_is_off_by_a_unit_of_its_terms_however_many(shape, many, seed, layout, data):
    """sqrt(sum x^2) is what m terms of random signs come to; the roundings, too, are random."""
    long = data.draw(st.integers(0, len(shape) - 1))
    shape = tuple(max(many // len(shape), 1) if a == long else n for a, n in enumerate(shape))
    shape = shape if np.prod(shape) < 200_000 else shape[:2]
    axes = tuple(sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
    x = lay_out(np.random.default_rng(seed).standard_normal(shape).astype(np.float32), layout)
    found = total(np, x, axes)
    assert found.dtype == np.float64
    exact = np.sum(x.astype(np.float64), axis=axes, keepdims=True)
    size = np.sqrt(np.sum(x.astype(np.float64) ** 2, axis=axes, keepdims=True))
    error = np.abs(found - exact) / (np.finfo(np.float32).eps * size)
    # Terms of random signs, added one by one in blocks of b, err by some sqrt(b) / 5 units; five
    # times that in the worst of thousands of channels.
    limit = 6.0
    if layout == "Fortran":  # so may all of the last axis be, up to 512
        limit = 22.0
    if layout == "stride 0":  # equal terms, which err alike: Higham's bound, of blocks up to 512
        m = np.prod([shape[a] for a in axes])
        limit = np.sqrt(m) * min(m, 512) / 2
    assert np.all(error <= limit), np.max(error)
