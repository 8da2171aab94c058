"""Convolution by blocks and pieces: cut in any way, it is its definition."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.kernels import blocks, products, threads
from minigrad.kernels.convolution import convolve, convolve_input, convolve_weight
from minigrad.nn import functional as F
from minigrad.ops import convolution as definitions
from minigrad.testing.budget import examples
from minigrad.testing.kernels import assert_kernels_equal
from minigrad.testing.records.convolution import records
from minigrad.testing.strategies.arrays import layouts, seeds

xp = mg.backends.get("numpy").xp
LIE = {"strides": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}


@pytest.mark.parametrize("record", records, ids=str)
@examples(0.5)
@given(data=st.data())
def test_however_it_is_cut_a_convolution_is_its_definition(record: Any, data: Any) -> None:
    """Blocks of a row or of all, products that samples share or not, pieces of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BYTES", data.draw(st.sampled_from([8, 500, 1 << 20])))
        patch.setattr(blocks, "SMALL", data.draw(st.sampled_from([8, 500, 1 << 20])))
        patch.setattr(blocks, "FEW", data.draw(st.sampled_from([0, 4, 64])))
        patch.setattr(products, "PIECE", data.draw(st.sampled_from([1, 20, 1_000_000])))
        for worth in ("WORTH", "WORTH_AWAKE"):
            patch.setattr(threads, worth, data.draw(st.sampled_from([1, 65536])))
        case, seed = data.draw(record.draw((1, 2, 5))), data.draw(seeds)
        layout = data.draw(layouts)
        ran = assert_kernels_equal(record, case, seed, "cpu", layout=layout)
    assert ran[record.name] >= 1


@pytest.mark.parametrize("size", [(14, 14), (5, 5)])
def test_the_number_of_threads_changes_no_bit(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((40, c, *size), "float32") for c in (16, 24))
    w = rng.standard_normal((24, 16, 3, 3), "float32")
    before, found = threads.get_num_threads(), []
    try:
        for n in (1, 2, 3):
            threads.set_num_threads(n)
            y = convolve(x, w, **LIE), convolve_weight(x, g, kernel=(3, 3), **LIE)
            back = convolve_input(g, w, size=size, **LIE)
            found.append([a.tobytes() for a in (*y, back)])
    finally:
        threads.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["input", "weight"])
@pytest.mark.parametrize("groups", [1, 3])
def test_nan_and_infinity_reach_what_they_reach_by_the_definition(
    bad: float, where: str, groups: int
) -> None:
    """Where they meet the zeros around the input, too."""
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((2, 3, 9, 9)), rng.standard_normal((6, 3 // groups, 3, 3))
    g = rng.standard_normal((2, 6, 9, 9))
    if where == "weight":
        w[4, 0, 0, 2] = bad
    else:
        x[1, 2, 0, 8] = g[1, 3, 4, 0] = bad  # at the ends of rows
    lie = {**LIE, "groups": groups}
    calls: list[Any] = [
        (definitions.convolution, (x, w), {}),
        (definitions.convolution_input, (g, w), {"size": (9, 9)}),
        (definitions.convolution_weight, (x, g), {"kernel": (3, 3)}),
    ]
    for primitive, arrays, params in calls:
        with mg.backends.use_kernels("none"):
            expected = primitive.forward(xp, *arrays, **params, **lie)
        with mg.backends.use_kernels("numpy", least=0) as ran:
            found = primitive.forward(xp, *arrays, **params, **lie)
        assert ran[primitive.name] == 1
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))


@pytest.mark.parametrize(
    ("shape", "outputs"), [((2, 9, 4, 4), 0), ((2, 0, 4, 4), 9), ((2, 9, 2, 4), 9)]
)
def test_nothing_to_compute_is_left_to_the_definition(shape: Any, outputs: int) -> None:
    """No outputs, no inputs, and an image in which no kernel finds a place."""
    x, w = np.ones(shape), np.ones((outputs, shape[1], 3, 3))
    lie = {**LIE, "padding": ((0, 0), (0, 0))}
    with mg.backends.use_kernels("none"):
        expected = definitions.convolution.forward(xp, x, w, **lie)
    with mg.backends.use_kernels("all", least=0) as ran:
        found = definitions.convolution.forward(xp, x, w, **lie)
    assert not ran
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


def test_a_convolution_keeps_its_inputs_alone_and_computes_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for worth in ("WORTH", "WORTH_AWAKE"):  # each thread has scratch memory of its own
        monkeypatch.setattr(threads, worth, 1 << 40)
    x = mg.tensor(np.ones((256, 16, 24, 24), "float32"))
    w = mg.tensor(np.ones((16, 16, 3, 3), "float32"), requires_grad=True)
    F.conv2d(x, w).backward(mg.ones((256, 16, 22, 22)))  # the scratch memory is there
    tracemalloc.start()
    y = F.conv2d(x, w)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    y.backward(mg.broadcast_to(mg.ones((1, 1, 1, 1)), y.shape))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1.1 * y.data.nbytes  # the columns would be nine times the input
    # The cotangent may be copied once; a gradient by x is nowhere.
    assert peak < kept + 1.5 * y.data.nbytes
