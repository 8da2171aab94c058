"""NumPy's fused kernels are their specification, the portable forward, only sooner."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backends import get, use_kernels
from minigrad.kernels.softmax import SHORT, softmax
from minigrad.nn import functional as F
from minigrad.ops.softmax import softmax_forward
from minigrad.testing.budget import examples
from minigrad.testing.layout import LAYOUTS, lay_out
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.tolerance import assert_close

backend = get("numpy")


@examples(4.0)
@given(
    shape=shapes(1, 3, (1, 2, 3, 17)),
    dtype=st.sampled_from(["float16", "float32", "float64"]),
    layout=st.sampled_from(LAYOUTS),
    infinite=st.sampled_from([(), (-np.inf,), (-np.inf, np.inf), (np.nan,)]),
    data=st.data(),
    seed=seeds,
)
def test_softmax_is_its_portable_forward(
    shape: tuple[int, ...], dtype: str, layout: str, infinite: Any, data: Any, seed: int
) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    rng = np.random.default_rng(seed)
    x = rng.normal(scale=10, size=shape)
    for value in infinite:
        x.flat[rng.integers(x.size)] = value
    x = lay_out(x.astype(dtype), layout)
    before = x.copy()
    with np.errstate(invalid="ignore"):
        y = softmax(x, axis=axis)
        expected = softmax_forward(backend.xp, x.astype("float64"), axis=axis)
    assert y.dtype == x.dtype
    # An error of the difference from the maximum is one of the exponential, relative to it.
    size = np.abs(x[np.isfinite(x)].astype("float64")).max(initial=1.0)
    assert_close(y, expected, "softmax", terms=shape[axis], condition=2 * size)
    np.testing.assert_array_equal(x, before, err_msg="the input was written to")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("columns", [1, 8, SHORT, SHORT + 1])
def test_softmax_of_short_rows_and_long_ones_is_its_portable_forward(
    columns: int, axis: int, dtype: str
) -> None:
    """One is summed by a product, the other is not."""
    x = np.random.default_rng(0).normal(size=(5, columns)).astype(dtype)
    expected = softmax_forward(backend.xp, x.astype("float64"), axis=axis)
    assert_close(softmax(x, axis=axis), expected, "softmax", terms=x.shape[axis], condition=8)


@pytest.mark.parametrize(("shape", "axis"), [((0,), 0), ((0, 3), 0), ((0, 3), 1), ((3, 0), 1)])
def test_softmax_of_nothing_is_nothing(shape: tuple[int, ...], axis: int) -> None:
    assert mg.special.softmax(mg.zeros(shape), axis=axis).shape == shape


@given(n=st.integers(2048, 9000), data=st.data())
def test_softmax_of_float16_sums_in_float32(n: int, data: Any) -> None:
    """One by one in float16, ones would stop adding up at 2048."""
    x = np.full(n, data.draw(st.floats(-5, 5)), "float16")
    np.testing.assert_array_equal(softmax(x, axis=0), np.full(n, 1 / n).astype("float16"))


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_the_kernels_of_cross_entropy_weigh_classes_and_leave_out_ignored_labels(
    reduction: str,
) -> None:
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.normal(size=(9, 4)), requires_grad=True)
    target = mg.asarray(np.array([0, 1, 2, 3, -100, 2, 1, 0, 3]))
    weight = mg.asarray(rng.uniform(0.5, 2.0, 4))
    g = rng.normal(size=9 if reduction == "none" else ())
    found = []
    for which in ("none", "numpy"):
        with use_kernels(which) as ran:
            loss = F.cross_entropy(x, target, weight, reduction=reduction)
            (by_x,) = mg.autograd.grad(loss, x, mg.asarray(g))
        assert by_x is not None
        found.append((loss.detach().numpy(), by_x.numpy()))
    assert set(ran) == {"cross_entropy", "cross_entropy: rule 0"}
    for one, other in zip(*found, strict=True):
        assert_close(other, one, f"cross entropy, {reduction}", terms=36)


@pytest.mark.parametrize("which", ["none", "numpy", "numba"])
def test_the_gradient_of_relu_passes_where_its_output_is_no_number(which: str) -> None:
    x = mg.asarray(np.array([np.nan, -np.inf, -1.0, -0.0, 0.0, 1.0, np.inf], "float32"))
    x.requires_grad_()
    g = np.array([2.0, 3.0, 5.0, 7.0, 11.0, np.inf, 13.0], "float32")
    with use_kernels(which, least=0):
        y = F.relu(x)
        y.backward(mg.asarray(g))
    np.testing.assert_array_equal(y.detach().numpy(), [np.nan, 0, 0, 0, 0, 1, np.inf])
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [2, 0, 0, 0, 0, np.inf, 13])
