"""Kernels of cross entropy: weights, smoothing, ignored labels, blocks, threads, infinities."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backends import use_kernels
from minigrad.kernels import cross_entropy, cross_entropy_loops, threads
from minigrad.nn import functional as F
from minigrad.testing.budget import examples
from minigrad.testing.layout import LAYOUTS, lay_out
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close, largest

libraries = pytest.mark.parametrize("library", ["numpy", "numba"])
BOTH = {"cross_entropy": 1, "cross_entropy: rule 0": 1}


@pytest.fixture(autouse=True)
def for_small_arrays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_entropy, "LEAST", 0)


def computed(which: str, x: Any, target: Any, weight: Any, g: Any, **how: Any) -> tuple[Any, Any]:
    """The loss and its gradient, and which kernels ran."""
    leaf = mg.tensor(x, requires_grad=True)
    weight = None if weight is None else mg.asarray(weight.astype(x.dtype))
    with use_kernels(which, least=0) as ran, np.errstate(all="ignore"):
        loss = F.cross_entropy(leaf, mg.asarray(target), weight, **how)
        (found,) = mg.autograd.grad(loss, leaf, mg.asarray(np.asarray(g, x.dtype)))
    assert found is not None
    return (loss.detach().numpy(), found.numpy()), ran


@libraries
@examples(1.0)
@given(
    shape=st.sampled_from([(1, 1), (5, 3), (60, 10), (3, 300), (2, 5000)]),
    layout=st.sampled_from(LAYOUTS),
    infinite=st.booleans(),
    weighted=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.3]),
    ignored=st.sampled_from([-100, 0, 1]),
    reduction=st.sampled_from(["none", "mean", "sum"]),
    seed=seeds,
    data=st.data(),
)
def test_every_option_is_that_of_the_definition(
    library: str,
    shape: tuple[int, int],
    layout: str,
    infinite: bool,
    weighted: bool,
    smoothing: float,
    ignored: int,
    reduction: str,
    seed: int,
    data: Any,
) -> None:
    n, classes = shape
    rng = np.random.default_rng(seed)
    x = rng.normal(scale=5, size=shape)
    if infinite:
        x[rng.integers(n), rng.integers(classes)] = -np.inf
    x = lay_out(x.astype("float32"), layout)
    target = lay_out(rng.integers(0, classes, n), layout)
    weight = rng.uniform(0.5, 2.0, classes) if weighted else None
    g = rng.normal(size=n if reduction == "none" else ())
    how: dict[str, Any] = {
        "reduction": reduction, "label_smoothing": smoothing, "ignore_index": ignored,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_entropy_loops, "BLOCK", data.draw(st.sampled_from([1, 40, 4096])))
        patch.setattr(cross_entropy, "LARGE", data.draw(st.sampled_from([0, 1 << 30])))
        found, ran = computed(library, x, target, weight, g, **how)
    # Where weights and smoothing meet, the definition runs, and log_softmax by its kernel.
    assert ran == ({"log_softmax": 1} if weighted and smoothing else BOTH)
    expected, _ = computed("none", x.astype("float64"), target, weight, g, **how)
    reach = largest(np.where(np.isfinite(x), x, 0), 1.0)
    for a, e, size in zip(found, expected, (reach, largest(g)), strict=True):
        assert a.dtype == "float32"
        magnitude = largest(e[np.isfinite(e)], size * n if reduction == "sum" else size)
        assert_close(a, e, f"{how}", terms=x.size, magnitude=magnitude, condition=2 * reach)


@libraries
def test_the_number_of_threads_changes_no_bit(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30000, 10)).astype("float32")
    target = rng.integers(0, 10, len(x))
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "num_threads", count)
        found.append(computed(library, x, target, None, 0.7)[0])
    for other in found[1:]:
        for a, e in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(a, e)


@libraries
def test_a_label_that_names_no_class_reads_no_other_memory(library: str) -> None:
    """Labels are checked before; here the bare kernels are handed what is wrong."""
    x = np.zeros((3, 2), "float32")
    target = np.array([2**40, -(2**40), 1])
    options: Any = {"axis": 1, "ignore_index": -100, "label_smoothing": 0.0, "reduction": "none"}
    module = cross_entropy if library == "numpy" else cross_entropy_loops
    losses, log_p = module.cross_entropy(x, target, None, **options)
    g = np.ones(3, "float32")
    by_x = module.cross_entropy_vjp(g, losses, (log_p,), x, target, None, **options)
    np.testing.assert_allclose(losses, np.full(3, np.log(2)), rtol=1e-6)
    np.testing.assert_allclose(np.abs(by_x), np.full((3, 2), 0.5), rtol=1e-6)


def test_small_logits_other_dtypes_and_images_are_not_numbas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, g = np.zeros((4, 3), "float32"), 1.0
    target = np.zeros(4, "int64")
    assert not computed("numba", x.astype("float64"), target, None, g)[1]
    images = computed("numba", np.zeros((4, 3, 2), "float32"), np.zeros((4, 2), "int64"), None, g)
    assert not images[1]
    monkeypatch.setattr(cross_entropy, "LEAST", 13)
    assert computed("numba", x, target, None, g)[1] == {"cross_entropy": 1}


def test_without_numba_the_rule_of_numpy_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minigrad.kernels.cross_entropy_loops", None)
    x, target = np.zeros((4, 3), "float32"), np.zeros(4, "int64")
    options: Any = {"axis": 1, "ignore_index": -100, "label_smoothing": 0.0, "reduction": "sum"}
    g = np.float32(1)
    assert cross_entropy.compiled_vjp(g, g, (x,), x, target, None, **options) is NotImplemented
