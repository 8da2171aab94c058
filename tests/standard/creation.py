"""Entries of the functions that make arrays."""

from __future__ import annotations

import numpy as np

from .elementwise import floating, numeric
from .entry import Call, DType, Entry, Rng, Shape, at_least, call, kept, one_array, values
from .reference import FLOATS, INTS, UINTS, all_dtypes

__all__ = ["entries"]

sizes = (*INTS, *UINTS)


def ranged(rng: Rng, shape: Shape, dtype: str) -> Call:
    start, stop = (int(n) for n in rng.integers(0, 9, 2))
    step = (
        int(rng.choice([1, 2, 3])) if np.dtype(dtype).kind == "u" else int(rng.choice([-2, 1, 3]))
    )
    args = [(stop,), (start, stop), (start, stop, step)][rng.integers(3)]
    return call(*args, dtype=DType(dtype), device="cpu")


def spaced(rng: Rng, shape: Shape, dtype: str) -> Call:
    start, stop = (float(x) for x in rng.uniform(-5, 5, 2))
    num, endpoint = int(rng.integers(0, 6)), kept(rng)
    return call(start, stop, num, dtype=DType(dtype), endpoint=endpoint, device="cpu")


def identity(rng: Rng, shape: Shape, dtype: str) -> Call:
    n, m, k = (int(i) for i in rng.integers((0, 0, -3), (5, 5, 4)))
    return call(n, *([] if kept(rng) else [m]), k=k, dtype=DType(dtype), device="cpu")


def made(rng: Rng, shape: Shape, dtype: str) -> Call:
    return call(shape, dtype=DType(dtype), device="cpu")


def filled(rng: Rng, shape: Shape, dtype: str) -> Call:
    return call(shape, values(rng, (), dtype).item(), dtype=DType(dtype), device="cpu")


def grid(rng: Rng, shape: Shape, dtype: str) -> Call:
    vectors = [values(rng, (n,), dtype) for n in shape]
    return call(*vectors, indexing=str(rng.choice(["xy", "ij"])))


def triangle(rng: Rng, shape: Shape, dtype: str) -> Call:
    return call(values(rng, at_least(shape, 2), dtype), k=int(rng.integers(-3, 4)))


def nested(rng: Rng, shape: Shape, dtype: str) -> Call:
    data = values(rng, shape, dtype)
    return call(data.tolist() if kept(rng) else data, dtype=DType(dtype))


cast = lambda rng, shape, dtype: call(
    values(rng, shape, dtype, special=0),
    DType(rng.choice(all_dtypes if np.dtype(dtype).kind != "c" else ("complex64", "complex128"))),
    copy=kept(rng),
)  # fmt: skip

entries = [
    Entry("arange", (*sizes, *FLOATS), ranged),
    Entry("asarray", all_dtypes, nested),
    Entry("empty", all_dtypes, made, settled=lambda y: y.shape),
    Entry("empty_like", all_dtypes, one_array, settled=lambda y: y.shape),
    Entry("eye", all_dtypes, identity),
    Entry("from_dlpack", numeric, one_array),
    Entry("full", all_dtypes, filled),
    Entry("full_like", all_dtypes, lambda rng, shape, dtype: call(
        values(rng, shape, dtype), values(rng, (), dtype).item())),
    Entry("linspace", floating, spaced),
    Entry("meshgrid", all_dtypes, grid),
    Entry("ones", all_dtypes, made),
    Entry("ones_like", all_dtypes, one_array),
    Entry("tril", all_dtypes, triangle),
    Entry("triu", all_dtypes, triangle),
    Entry("zeros", all_dtypes, made),
    Entry("zeros_like", all_dtypes, one_array),
    Entry("astype", all_dtypes, cast),
]  # fmt: skip
