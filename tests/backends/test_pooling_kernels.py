"""Kernels of pooling and relu at what the records do not draw: ties, NaN, zeros with a sign."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backends import use_kernels
from minigrad.kernels import memory, pooling, pooling_loops, threads
from minigrad.nn import functional as F
from minigrad.testing.budget import examples
from minigrad.testing.layout import LAYOUTS, lay_out
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close, largest

special = np.array([0.0, -0.0, 1.0, 1.0, -1.0, np.nan, np.inf, -np.inf])


def both_ways(library: str, kernels: set[str], f: Any, x: Any, seed: int) -> tuple[Any, Any]:
    """Value and gradient by these kernels of a library, and by the definition."""
    found = []
    for which in (library, "none"):
        leaf = mg.tensor(x, requires_grad=True)
        with use_kernels(which, least=0) as ran:
            y = f(leaf)
            u = np.random.default_rng(seed).choice([2.0, -3.0, np.inf], y.shape)
            y.backward(mg.tensor(u.astype(x.dtype)))
        assert set(ran) == (set() if which == "none" else kernels)
        found.append((y.detach().numpy(), leaf.grad.numpy()))
    return found[0], found[1]


@pytest.mark.parametrize("library", ["numpy", "numba"])
@examples(2.0)
@given(seed=seeds, data=st.data())
def test_max_pooling_of_ties_nan_and_infinity_is_the_definition(
    library: str, seed: int, data: Any
) -> None:
    """Bit for bit, however many planes are computed at a time; windows overlap or leave gaps."""
    k = data.draw(st.integers(1, 2))
    kernel, stride, dilation = (
        tuple(data.draw(st.integers(1, n)) for _ in range(k)) for n in (3, 4, 2)
    )
    size = tuple(5 + data.draw(st.integers(0, 9)) for _ in range(k))
    rng = np.random.default_rng(seed)
    values = data.draw(st.sampled_from([special, special[:5]]))
    x = rng.choice(values, (2, 3, *size)).astype(data.draw(st.sampled_from(["float32", "float64"])))
    f = lambda x: getattr(F, f"max_pool{k}d")(x, kernel, stride, dilation=dilation)
    with pytest.MonkeyPatch.context() as patch, np.errstate(invalid="ignore"):
        patch.setattr(pooling, "PLANES", data.draw(st.sampled_from([1, 20, 1 << 14])))
        patch.setattr(pooling_loops, "FEW", 0)
        ran = {"max_pool", "max_pool: rule 0"}
        found, expected = both_ways(library, ran, f, x, seed)
    for a, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, e)


@pytest.mark.parametrize("library", ["numpy", "numba"])
@examples(2.0)
@given(
    dtype=st.sampled_from(["float32", "float64"]),
    layout=st.sampled_from(LAYOUTS),
    infinite=st.booleans(),
    seed=seeds,
    data=st.data(),
)
def test_average_pooling_is_the_definition_whether_windows_overlap_or_leave_gaps(
    library: str, dtype: str, layout: str, infinite: bool, seed: int, data: Any
) -> None:
    """Infinity reaches the windows that see it, and back, and no other."""
    k = data.draw(st.integers(1, 2))
    kernel, stride = (tuple(data.draw(st.integers(1, 4)) for _ in range(k)) for _ in range(2))
    size = tuple(n + data.draw(st.integers(0, 9)) for n in kernel)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 3, *size))
    if infinite:
        x.flat[rng.integers(x.size)] = np.inf
    x = lay_out(x.astype(dtype), layout)
    f = lambda x: getattr(F, f"avg_pool{k}d")(x, kernel, stride)
    counts = tuple((n - m) // s + 1 for n, m, s in zip(size, kernel, stride, strict=True))
    g = rng.normal(size=(2, 3, *counts))
    if infinite:
        g.flat[rng.integers(g.size)] = -np.inf
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooling, "PLANES", data.draw(st.sampled_from([1, 20, 1 << 14])))
        for which, kind in ((library, dtype), ("none", "float64")):
            leaf = mg.tensor(x.astype(kind), requires_grad=True)
            with use_kernels(which, least=0) as ran:
                y = f(leaf)
                y.backward(mg.asarray(g.astype(dtype).astype(kind)))
            whole = {"sum_pool"} if math.prod(counts) == 1 else set()
            assert set(ran) == ({"sum_pool", "sum_pool: rule 0"} - whole if found == [] else set())
            found.append((y.detach().numpy(), leaf.grad.numpy()))
    for a, e, b in zip(*found, (x, g), strict=True):
        finite = largest(np.where(np.isfinite(b), b, 0))
        assert_close(a, e, "average pooling", terms=16, magnitude=finite)


@pytest.mark.parametrize("library", ["numpy", "numba"])
@pytest.mark.parametrize("kernel", [2, 3])
def test_the_gradient_of_max_pooling_is_0_in_gaps_whatever_was_in_its_memory(
    library: str, kernel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LEAST", 1)
    x = np.random.default_rng(0).standard_normal((3, 4, 21, 22)).astype("float32")
    leaf = mg.tensor(x, requires_grad=True)
    g = mg.ones((3, 4, *((n - kernel) // 3 + 1 for n in x.shape[2:])), dtype=mg.float32)
    found = []
    for which in (library, "none"):
        with use_kernels(which, least=0) as ran:
            y = F.max_pool2d(leaf, kernel, 3)
            used = [memory.new_array(x.shape, x.dtype) for _ in range(9)]
            for array in used:
                array.fill(np.nan)
            del used, array
            (by_x,) = mg.autograd.grad(y, leaf, g)
        assert ran["max_pool: rule 0"] == (which == library)
        assert by_x is not None
        found.append(by_x.numpy())
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("pool", [F.avg_pool2d, F.max_pool2d])
@pytest.mark.parametrize("library", ["numpy", "numba"])
def test_pooling_on_any_number_of_threads_gives_the_same_bits(
    pool: Any, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 10, 30, 31)).astype("float32")
    g = rng.normal(size=(20, 10, 14, 15)).astype("float32")
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "num_threads", count)
        leaf = mg.tensor(x, requires_grad=True)
        with use_kernels(library):
            y = pool(leaf, 3, 2)
            y.backward(mg.asarray(g))
        found.append((y.detach().numpy(), leaf.grad.numpy()))
    for other in found[1:]:
        for a, e in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(a, e)


def test_a_captured_step_meets_nan_later() -> None:
    """What a program calls was chosen by the shapes, and takes all values."""
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
    spoilt = x.copy()
    spoilt[1, 2, 3, 3:5] = np.nan
    pool = lambda x: mg.value_and_grad(lambda x: mg.sum(F.max_pool2d(x, 2)))(x)
    captured = mg.capture(pool)
    with use_kernels("numpy", least=0):
        for values in (x, x, spoilt, x):
            for found, expected in zip(
                captured(mg.asarray(values)), pool(mg.asarray(values)), strict=True
            ):
                np.testing.assert_array_equal(found.data, expected.data)


@examples(0.2)
@given(seed=seeds)
def test_the_gradient_of_relu_keeps_infinity_where_it_passes_and_nowhere_else(seed: int) -> None:
    x = np.random.default_rng(seed).choice(special, (5, 7)).astype("float32")
    found, expected = both_ways("numpy", {"relu", "relu: rule 0"}, F.relu, x, seed)
    for a, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, e)
        assert np.signbit(a).tolist() == np.signbit(e).tolist()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("library", ["numpy", "numba"])
@pytest.mark.parametrize("shape", [(), (0, 3), (1, 1), (50, 71)])
def test_relu_is_the_larger_of_a_number_and_0_bit_for_bit(
    shape: tuple[int, ...], library: str, dtype: str, layout: str
) -> None:
    """But for the sign of a zero. On several threads, in any layout, and of NaN, it is NaN."""
    values = np.append(special, [5e-324, 1e-45, -1e-45, 3e38, np.pi])
    with np.errstate(under="ignore"):
        drawn = np.random.default_rng(0).choice(values, shape).astype(dtype)
    x = lay_out(np.asarray(drawn), layout)
    before = x.tobytes()
    with pytest.MonkeyPatch.context() as patch, use_kernels(library, least=0) as ran:
        for worth in ("WORTH", "WORTH_AWAKE"):
            patch.setattr(threads, worth, 1)
        y = F.relu(mg.asarray(x)).numpy()
    assert ran["relu"] == 1
    expected = np.maximum(x, 0)
    assert (y.dtype, y.shape) == (x.dtype, x.shape)
    assert not np.shares_memory(y, x)
    bits = np.uint32 if dtype == "float32" else np.uint64
    same = np.ascontiguousarray(y).view(bits) == np.ascontiguousarray(expected).view(bits)
    assert (same.reshape(shape) | ((y == 0) & (expected == 0))).all()
    assert x.tobytes() == before


def test_more_places_than_a_small_number_counts_have_no_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pooling_loops, "FEW", 0)
    x = np.random.default_rng(0).standard_normal((1, 2, 300)).astype("float32")
    leaf = mg.tensor(x, requires_grad=True)
    with use_kernels("all", least=0) as ran:
        y = F.max_pool1d(leaf, 300)
    assert not ran["max_pool"]
    y.backward(mg.tensor([[[2.0], [3.0]]]))
    assert [*np.argmax(x[0], axis=1)] == [*np.argmax(leaf.grad.numpy()[0], axis=1)]
