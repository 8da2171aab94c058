"""Kernels of softmax and its logarithm: exponentials, blocks, threads, infinities and NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import special
from minigrad.backends import use_kernels
from minigrad.kernels import softmax_blocks, softmax_loops, threads
from minigrad.kernels.exponential import exp_into
from minigrad.testing.budget import examples
from minigrad.testing.layout import LAYOUTS, lay_out
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close, largest

functions = pytest.mark.parametrize("name", ["softmax", "log_softmax"])
libraries = pytest.mark.parametrize("library", ["numpy", "numba"])


def test_the_exponential_is_within_a_unit_in_the_last_place_down_to_the_smallest_floats() -> None:
    x = np.concatenate([np.linspace(-120, 88, 400001), [0.0, -0.0, 1e-30, -1e-42, -150, -151]])
    x = x.astype("float32")
    y = np.empty_like(x)
    exp_into(x, y)
    exact = np.exp(x.astype("float64"))
    assert np.max(np.abs(y - exact) / np.spacing(exact.astype("float32"))) < 1.1


def test_the_exponential_of_minus_infinity_is_0_and_that_of_nan_is_nan() -> None:
    x = np.array([-np.inf, np.nan, -np.nan, -3e38], "float32")
    y = np.empty_like(x)
    exp_into(x, y)
    np.testing.assert_array_equal(y, np.array([0, np.nan, np.nan, 0], "float32"))


def computed(which: str, name: str, x: Any, g: Any, axis: int) -> tuple[list[Any], Any]:
    """The output and the gradient, and which kernels ran."""
    leaf = mg.tensor(x, requires_grad=True)
    with use_kernels(which, least=0) as ran, np.errstate(all="ignore"):
        y = getattr(special, name)(leaf, axis=axis)
        (found,) = mg.autograd.grad(y, leaf, mg.asarray(g))
    assert found is not None
    return [y.detach().numpy(), found.numpy()], ran


@functions
@libraries
@examples(0.5)
@given(
    shape=st.sampled_from([(1, 1), (5,), (50, 3), (7, 300), (2, 3, 4, 5), (3, 1, 70), (9, 5000)]),
    layout=st.sampled_from(LAYOUTS),
    special=st.sampled_from([(), (-np.inf,), (np.inf,), (np.nan, -np.inf), (-np.inf,) * 40]),
    scale=st.sampled_from([5, 60]),
    offset=st.sampled_from([-300, 0, 300]),
    seed=seeds,
    data=st.data(),
)
def test_rows_of_any_length_are_the_definition(
    name: str,
    library: str,
    shape: Any,
    layout: str,
    special: Any,
    scale: int,
    offset: int,
    seed: int,
    data: Any,
) -> None:
    axis = -1 if library == "numba" else data.draw(st.integers(-len(shape), len(shape) - 1))
    rng = np.random.default_rng(seed)
    x, g = rng.normal(scale=scale, size=(2, *shape))
    x += offset
    for value in special:
        x.flat[rng.integers(min(x.size, 100))] = value
    x, g = (lay_out(a.astype("float32"), layout) for a in (x, g))
    with pytest.MonkeyPatch.context() as patch:
        block = data.draw(st.sampled_from([1, 20, 1 << 20]))
        patch.setattr(softmax_blocks, "BLOCK", block)
        patch.setattr(softmax_loops, "BLOCK", block)
        found, ran = computed(library, name, x, g, axis)
    assert ran == {name: 1, f"{name}: rule 0": 1}
    expected, _ = computed("none", name, x.astype("float64"), g.astype("float64"), axis)
    finite = np.abs(x[np.isfinite(x)]).max(initial=1.0)
    n = shape[axis]
    for a, e, magnitude in zip(found, expected, (finite, largest(g) * n), strict=True):
        assert a.dtype == "float32"
        size = largest(e[np.isfinite(e)], magnitude)
        assert_close(a, e, f"{name} {shape}", terms=n, magnitude=size, condition=2 * finite)


@functions
@libraries
@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_equal_elements_share_alike(name: str, library: str, n: int) -> None:
    x = np.full((3, n), 7.3, "float32")
    (y, _), _ = computed(library, name, x, x, -1)
    expected = 1 / n if name == "softmax" else -np.log(n)
    np.testing.assert_array_equal(y, np.full((3, n), expected, "float32"))


@functions
@libraries
@pytest.mark.parametrize("shape", [(40000, 10), (500, 700)])
def test_the_number_of_threads_changes_no_bit(
    name: str, library: str, shape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, g = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "num_threads", count)
        found.append(computed(library, name, x, g, -1)[0])
    for other in found[1:]:
        for a, e in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(a, e)


@functions
def test_other_axes_and_dtypes_are_not_numbas(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(4, 3, 5)).astype("float32")
    for axis, dtype in ((0, "float32"), (1, "float32"), (2, "float64")):
        _, ran = computed("numba", name, x.astype(dtype), x.astype(dtype), axis)
        assert not ran
