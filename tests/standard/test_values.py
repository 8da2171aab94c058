"""The value and dtype of every function of the standard, on every dtype that it takes.

Against NumPy, whose namespace has the standard's names; the dtypes against array-api-strict too.
Arrays have axes of size 0 and 1, and lie in memory in every way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.tolerance import assert_close, largest

from .entry import Call, Entry, flat
from .reference import all_dtypes, dtype_name, functions
from .table import entries, inspecting

strict_is_lenient = {"arange", "from_dlpack", "linspace", "matrix_rank"}
"""Functions that array-api-strict offers for dtypes which the standard leaves out."""

every_entry = pytest.mark.parametrize("entry", entries, ids=str)


def test_every_function_of_the_standard_has_an_entry() -> None:
    listed = [(entry.place, entry.name) for entry in entries]
    expected = {f for f in functions() if f[1] not in inspecting}
    assert set(listed) == expected
    assert len(listed) == len(expected), "an entry stands twice"


def assert_same(actual: Any, expected: Any, entry: Entry, found: Call, dtype: str) -> None:
    """The same number of results, each of the same dtype, shape and value."""
    actual, expected = list(flat(actual)), list(flat(expected))
    assert len(actual) == len(expected)
    arrays = [x for x in flat(found.args) if isinstance(x, np.ndarray)]
    for a, e in zip(actual, expected, strict=True):
        if not hasattr(e, "dtype"):
            assert a == e
            continue
        assert a.dtype == e.dtype, f"{entry} of {dtype} is {a.dtype}, expected {e.dtype}"
        assert a.shape == e.shape, f"{entry} of {dtype}: {found}"
        for part in ("real", "imag") if e.dtype.kind == "c" else ("real",):
            assert_close(
                getattr(a.numpy(), part), getattr(np.asarray(e), part), f"{entry}{found}",
                terms=sum(x.size for x in arrays) + 8 if entry.sums else 1,
                magnitude=largest(*map(finite, arrays)) ** (2 if entry.sums else 1),
            )  # fmt: skip


def finite(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.abs(x[np.isfinite(x)])


@every_entry
@examples(0.4)
@given(shape=shapes(), layout=st.sampled_from(["C", "Fortran", "strided", "reversed"]), seed=seeds)
def test_value_and_dtype_are_numpys_on_every_dtype(
    entry: Entry, device: Any, shape: Any, layout: str, seed: int
) -> None:
    for dtype in entry.dtypes:
        found = entry.make(np.random.default_rng(seed), shape, dtype).laid_out(layout)
        try:
            expected = entry.on_numpy(found)
        except (ValueError, IndexError):
            # Of no elements there is no largest.
            assert 0 in np.shape(found.args[0])
            with pytest.raises((ValueError, IndexError)):
                entry.on_minigrad(found, device)
            continue
        assert_same(entry.on_minigrad(found, device), expected, entry, found, dtype)


@every_entry
def test_dtypes_are_those_of_the_standard(entry: Entry, device: Any) -> None:
    """Where array-api-strict takes a dtype, so does the entry, and the result has the same one."""
    for dtype in all_dtypes:
        for seed in range(3):
            rng = np.random.default_rng(seed)
            if dtype not in entry.dtypes:
                if entry.name not in strict_is_lenient:
                    with pytest.raises((TypeError, ValueError)):
                        entry.on_strict(entry.make(rng, (2, 3), dtype))
                continue
            found = entry.make(rng, (2, 3), dtype)
            expected = entry.on_strict(found)
            actual = list(flat(entry.on_minigrad(found, device)))
            names = [dtype_name(y.dtype) for y in flat(expected) if hasattr(y, "dtype")]
            assert [y.dtype.name for y in actual if hasattr(y, "dtype")] == names


def operands(entry: Entry) -> bool:
    """Whether an entry is a function of two arrays whose dtypes promote."""
    found = entry.make(np.random.default_rng(0), (2,), entry.dtypes[0])
    args = found.args
    return len(args) == 2 and not found.kwargs and all(isinstance(x, np.ndarray) for x in args)


@pytest.mark.parametrize("entry", [entry for entry in entries if operands(entry)], ids=str)
def test_mixed_dtypes_promote_as_the_standard_says(entry: Entry, device: Any) -> None:
    """Every pair within a kind; beside integers, floats stay as they are, which it leaves open."""
    for one in entry.dtypes:
        for other in entry.dtypes:
            a = np.ones(2, dtype=one)
            b = np.ones(2, dtype=other)
            found = Call((a, b), {})
            try:
                expected = entry.on_strict(found)
            except (TypeError, ValueError):
                continue
            whole = [np.isdtype(d, "integral") for d in (a.dtype, b.dtype, np.result_type(a, b))]
            if len(set(whole)) > 1:
                continue
            for y, e in zip(flat(entry.on_minigrad(found, device)), flat(expected), strict=True):
                assert y.dtype.name == dtype_name(e.dtype), f"{entry}({one}, {other}) is {y.dtype}"


def test_dtypes_of_new_tensors_are_those_that_the_namespace_names(device: Any) -> None:
    dtypes = mg.__array_namespace_info__().default_dtypes(device=device)
    real, whole, compound = (
        dtypes[f"{k}"] for k in ("real floating", "integral", "complex floating")
    )
    assert mg.finfo(compound).dtype == real
    with device:
        floats = [mg.zeros(2), mg.ones(2), mg.empty(2), mg.eye(2), mg.linspace(0, 1, 3)]
        floats += [mg.arange(2.0), mg.full(2, 1.0), mg.asarray(1.0), mg.asarray([1, 2.0])]
        for y in floats:
            assert y.dtype == real
            assert y.device is device
        for y in (mg.arange(2), mg.full(2, 1), mg.asarray([1, 2]), mg.asarray(3)):
            assert y.dtype == whole
        for y in (mg.full(2, 1j), mg.asarray([1j]), mg.asarray(2j), mg.linspace(0, 1j, 3)):
            assert y.dtype == compound
        for y in (mg.full(2, True), mg.asarray([True, False])):
            assert y.dtype == mg.bool
        assert mg.argmax(mg.ones(2)).dtype == dtypes["indexing"]


def test_clip_keeps_the_dtype_of_what_it_clips(device: Any) -> None:
    """As array-api-strict does; but integers between floats, which it refuses, become floats."""
    x = mg.asarray([0.5, 3.0], dtype=mg.float32, device=device)
    low, high = (mg.asarray(bound, dtype=mg.float64, device=device) for bound in (1.0, 2.0))
    assert (mg.clip(x, low, high).dtype, mg.clip(x, low, high).tolist()) == (mg.float32, [1, 2])
    assert mg.clip(mg.asarray([0, 5], device=device), 0.5, 2.5).tolist() == [0.5, 2.5]
