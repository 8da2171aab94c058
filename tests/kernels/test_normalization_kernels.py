"""Kernels of layer norm and group norm at what records do not draw: blocks, threads, offsets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backends import use_kernels
from minigrad.kernels import layer_norm, threads
from minigrad.nn import functional as F
from minigrad.nn.functional.normalization import _standardize
from minigrad.testing.budget import examples
from minigrad.testing.layout import LAYOUTS, lay_out
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close, largest

libraries = pytest.mark.parametrize("library", ["numpy", "numba"])


def layer(x: Any, *affine: Any) -> Any:
    return F.layer_norm(x, x.shape[-1], *affine)


def layer_of_two(x: Any, *affine: Any) -> Any:
    return F.layer_norm(x, x.shape[-2:], *affine)


def groups(x: Any, *affine: Any) -> Any:
    return F.group_norm(x, 2, *affine)


NORMS = {
    layer: [((1, 7), (7,)), ((70, 3), (3,)), ((3, 40000), (40000,)), ((5, 6, 17), (17,))],
    layer_of_two: [((4, 3, 5), (3, 5)), ((40, 3, 1), (3, 1)), ((2, 2, 1, 6), (1, 6))],
    groups: [((2, 4), (4,)), ((3, 4, 5), (4,)), ((40, 6, 3, 1), (6,)), ((2, 2, 9000), (2,))],
}
norms = pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm.__name__)


def computed(which: str, norm: Any, arrays: list[Any], g: Any) -> tuple[list[Any], Any]:
    """The output and the gradients of all inputs, and which kernels ran."""
    leaves = [mg.tensor(a, requires_grad=True) for a in arrays]
    with use_kernels(which, least=0) as ran, np.errstate(all="ignore"):
        y = norm(*leaves)
        found = mg.autograd.grad(y, leaves, mg.asarray(g))
    return [y.detach().numpy(), *[v.numpy() for v in found if v is not None]], ran


@norms
@libraries
@examples(0.4)
@given(
    affine=st.integers(0, 2),
    dtype=st.sampled_from(["float32", "float64"]),
    layout=st.sampled_from(LAYOUTS),
    seed=seeds,
    data=st.data(),
)
def test_many_rows_long_rows_and_groups_are_the_definition(
    norm: Any, library: str, affine: int, dtype: str, layout: str, seed: int, data: Any
) -> None:
    shape, of_weights = data.draw(st.sampled_from(NORMS[norm]))
    rng = np.random.default_rng(seed)
    x, w, b, g = (rng.normal(size=n) for n in (shape, of_weights, of_weights, shape))
    arrays = [lay_out(a.astype(dtype), layout) for a in (x, w, b)][: 1 + affine]
    g = lay_out(g.astype(dtype), layout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layer_norm, "BLOCK", data.draw(st.sampled_from([10, 100, 65536])))
        found, ran = computed(library, norm, arrays, g)
    assert ran == {"standardize": 1, "standardize: joint rule": 1}
    exact = [a.astype("float64") for a in arrays]
    expected, _ = computed("none", norm, exact, g.astype("float64"))
    count = {layer: x.size // shape[-1], layer_of_two: len(x), groups: 2 * len(x)}[norm]
    rows = x.reshape(count, -1)
    # eps is small, so a row of nearly equal values is steep.
    steepness = largest(1 / np.sqrt(rows.var(axis=1) + 1e-5))
    for a, e in zip(found, expected, strict=True):
        assert a.dtype == dtype
        size = largest(e, g) * max(1.0, steepness**2)
        assert_close(a, e, f"{norm.__name__} {shape}", terms=max(rows.shape), magnitude=size)


@norms
@libraries
@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_the_number_of_threads_changes_no_bit_and_an_offset_costs_no_digit(
    norm: Any, library: str, offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    shape = (300, 2, 400) if norm is layer_of_two else (300, 800)
    x = (offset + rng.normal(size=shape)).astype("float32")
    w = np.ones(shape[1:], "float32")
    arrays = [x, w, np.zeros_like(w)]
    g = rng.normal(size=shape).astype("float32")
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "num_threads", count)
        found.append(computed(library, norm, arrays, g)[0])
    for other in found[1:]:
        for a, e in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(a, e)
    each = x.astype("float64").reshape(300, 2 if norm is groups else 1, -1)
    centred = each - each.mean(axis=2, keepdims=True)
    x_hat = centred / np.sqrt((centred**2).mean(axis=2, keepdims=True) + 1e-5)
    bound = 5 * np.finfo("float32").eps * np.max(np.abs(x_hat))
    np.testing.assert_allclose(found[0][0].reshape(each.shape), x_hat, rtol=0, atol=bound)
    exact, _ = computed("none", norm, [a.astype("float64") for a in arrays], g.astype("float64"))
    for a, e in zip(found[0][1:], exact[1:], strict=True):
        assert_close(a, e, norm.__name__, terms=800, magnitude=largest(g, x_hat))


@libraries
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_stays_in_its_row(library: str, value: float) -> None:
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=(2, 5, 6)).astype("float32")
    x[2, 3] = value
    with_it, without = computed(library, layer, [x], g)[0], computed(library, layer, [x[:2]], g[:2])
    for a, e in zip(with_it, without[0], strict=True):
        assert np.isnan(a[2]).all()
        np.testing.assert_array_equal(a[:2], e)


@libraries
@pytest.mark.parametrize("norm", [layer, groups])
def test_equal_values_are_exactly_0_whatever_they_are(norm: Any, library: str) -> None:
    x = np.repeat(np.array([0.1, -3e7, 2e-30, 1.0], "float32"), 12).reshape(4, 2, 6)
    (y, *_), _ = computed(library, norm, [x], x)
    np.testing.assert_array_equal(y, np.zeros_like(x))


@libraries
def test_other_axes_and_mixed_dtypes_are_left_to_the_definition(library: str) -> None:
    x = mg.tensor(np.random.default_rng(0).normal(size=(4, 3, 5)), requires_grad=True)
    with use_kernels(library, least=0) as ran:
        first, _ = _standardize(x, None, None, axis=(0,), eps=0.1)
        mixed, _ = _standardize(x, mg.ones(5, dtype="float32"), None, axis=(2,), eps=0.1)
        some, _ = _standardize(x, mg.ones(5, dtype="float64"), None, axis=(1, 2), eps=0.1)
        (first + mixed + some).backward(mg.ones((4, 3, 5), dtype="float64"))
    assert not ran
