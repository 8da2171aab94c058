"""Entries of linear algebra and of the Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import broadcasting, floating, numeric
from .entry import Call, DType, Entry, Rng, Shape, at_least, axis_of, call, values
from .reference import COMPLEX, FLOATS, all_dtypes

__all__ = ["entries"]


def factors(rng: Rng, shape: Shape, dtype: str) -> Call:
    """Matrices and vectors whose inner dimensions agree, with batch axes that broadcast."""
    n, m, k = (int(i) for i in rng.integers(0, 4, 3))
    a = (n,) if rng.random() < 0.3 else (*shape[:1], m, n)
    b = (n,) if rng.random() < 0.3 else (*broadcasting(rng, shape[:1]), n, k)
    return call(values(rng, a, dtype, special=0), values(rng, b, dtype, special=0))


def contracted(rng: Rng, shape: Shape, dtype: str) -> Call:
    n = int(rng.integers(0, len(shape) + 1))
    other = (*shape[len(shape) - n :], 2)
    x1, x2 = (values(rng, s, dtype, special=0) for s in (shape, other))
    paired = [list(range(len(shape) - n, len(shape))), list(range(n))]
    return call(x1, x2, axes=n if rng.random() < 0.5 else tuple(paired))


def dotted(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    other = (*broadcasting(rng, shape[:-1]), shape[-1])
    return call(*(values(rng, s, dtype, special=0) for s in (shape, other)), axis=-1)


def vectors(rng: Rng, shape: Shape, dtype: str) -> Call:
    n, m = (int(i) for i in rng.integers(0, 5, 2))
    return call(values(rng, (n,), dtype, special=0), values(rng, (m,), dtype, special=0))


def crossed(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = (*shape[:2], 3)
    return call(values(rng, shape, dtype, special=0), values(rng, shape, dtype, special=0), axis=-1)


def rectangle(rng: Rng, shape: Shape, dtype: str) -> np.ndarray[Any, Any]:
    """Matrices of any proportions, whose singular values lie apart."""
    m, n = (int(i) for i in rng.integers(1, 5, 2))
    return values(rng, (*shape[:2], m, n), dtype, special=0)


def square(rng: Rng, shape: Shape, dtype: str) -> np.ndarray[Any, Any]:
    """Square matrices with a heavy diagonal, so that they are far from singular."""
    n = int(rng.integers(0, 4))
    x = values(rng, (*shape[:2], n, n), dtype, -1, 1, special=0)
    return (x + 4 * np.eye(n)).astype(dtype)


def hermitian(rng: Rng, shape: Shape, dtype: str) -> np.ndarray[Any, Any]:
    """Positive definite matrices."""
    x = square(rng, shape, dtype)
    return (x @ np.conj(x.mT)).astype(dtype)


def one(matrix: Any, **params: Any) -> Any:
    """A call with a drawn matrix and drawn parameters."""
    return lambda rng, shape, dtype: call(
        matrix(rng, shape, dtype), **{name: draw(rng) for name, draw in params.items()}
    )


def solved(rng: Rng, shape: Shape, dtype: str) -> Call:
    a = square(rng, shape, dtype)
    n = a.shape[-1]
    b = (n,) if rng.random() < 0.4 else (*a.shape[:-2], n, 2)
    return call(a, values(rng, b, dtype, special=0))


def powered(rng: Rng, shape: Shape, dtype: str) -> Call:
    return call(square(rng, shape, dtype), int(rng.integers(-2, 4)))


def normed(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(tuple(n or 1 for n in shape), 1)
    order = [0, 1, 2, 3, 0.5, -1, np.inf, -np.inf][rng.integers(8)]
    axis = None if rng.random() < 0.3 else axis_of(rng, shape)
    x = values(rng, shape, dtype, 1, 5, special=0)
    return call(x, axis=axis, keepdims=bool(rng.integers(2)), ord=order)


def chosen(*options: Any) -> Any:
    return lambda rng: options[rng.integers(len(options))]


flag = chosen(False, True)
offset = chosen(-1, 0, 1)
orders = chosen("fro", "nuc", 1, 2, -1, -2, np.inf, -np.inf)

linalg = [
    *[
        Entry(name, dtypes, make, place, sums=True)
        for place in ("main", "linalg")
        for name, dtypes, make in [
            ("matmul", numeric, factors),
            ("tensordot", numeric, contracted),
            ("vecdot", numeric, dotted),
        ]
    ],
    Entry("matrix_transpose", all_dtypes, one(rectangle), "linalg"),
    Entry("outer", numeric, vectors, "linalg"),
    Entry("cross", numeric, crossed, "linalg", sums=True),
    Entry("diagonal", all_dtypes, one(rectangle, offset=offset), "linalg"),
    Entry("trace", numeric, one(rectangle, offset=offset), "linalg", sums=True),
    Entry("cholesky", floating, one(hermitian, upper=flag), "linalg", sums=True),
    Entry("det", floating, one(square), "linalg", sums=True),
    Entry("eigh", floating, one(hermitian), "linalg", sums=True, settled=lambda y: (
        y[0], abs(y[1]))),
    Entry("eigvalsh", floating, one(hermitian), "linalg", sums=True),
    Entry("inv", floating, one(square), "linalg", sums=True),
    Entry("matrix_norm", floating, one(rectangle, ord=orders, keepdims=flag), "linalg", sums=True),
    Entry("matrix_power", floating, powered, "linalg", sums=True),
    Entry("matrix_rank", floating, one(rectangle), "linalg"),
    Entry("pinv", floating, one(rectangle), "linalg", sums=True),
    Entry("qr", floating, one(rectangle, mode=chosen("reduced", "complete")), "linalg", sums=True),
    Entry("slogdet", floating, one(square), "linalg", sums=True),
    Entry("solve", floating, solved, "linalg", sums=True),
    Entry("svd", floating, one(rectangle, full_matrices=flag), "linalg", sums=True,
          settled=lambda y: (abs(y[0]), y[1], abs(y[2]))),
    Entry("svdvals", floating, one(rectangle), "linalg", sums=True),
    Entry("vector_norm", floating, normed, "linalg", sums=True),
]  # fmt: skip


def norm_of(rng: Rng) -> str:
    return str(rng.choice(["backward", "ortho", "forward"]))


def transformed(rng: Rng, shape: Shape, dtype: str) -> Call:
    """Along one axis, padded or cut to n."""
    shape = at_least(tuple(n or 1 for n in shape), 1)
    n = None if rng.random() < 0.5 else int(rng.integers(2, 6))
    x = values(rng, tuple(size + 1 for size in shape), dtype, special=0)
    return call(x, n=n, axis=axis_of(rng, shape), norm=norm_of(rng))


def transformed_whole(rng: Rng, shape: Shape, dtype: str) -> Call:
    """Along several axes."""
    shape = at_least(tuple(n or 1 for n in shape), 1)
    axes = tuple(int(a) for a in rng.permutation(len(shape))[: rng.integers(1, len(shape) + 1)])
    s = None if rng.random() < 0.5 else tuple(int(n) for n in rng.integers(2, 5, len(axes)))
    x = values(rng, tuple(size + 1 for size in shape), dtype, special=0)
    return call(x, s=s, axes=axes, norm=norm_of(rng))


def sampled(rng: Rng, shape: Shape, dtype: str) -> Call:
    n, d = int(rng.integers(1, 7)), float(rng.uniform(0.5, 2))
    return call(n, d=d, dtype=DType(dtype), device="cpu")


def rotated(rng: Rng, shape: Shape, dtype: str) -> Call:
    shape = at_least(shape, 1)
    axes = None if rng.random() < 0.5 else axis_of(rng, shape)
    return call(values(rng, shape, dtype), axes=axes)


fft = [
    *[Entry(name, dtypes, make, "fft", sums=True) for names, dtypes, make in [
        ("fft ifft", COMPLEX, transformed), ("fftn ifftn", COMPLEX, transformed_whole),
        ("rfft ihfft", FLOATS, transformed), ("rfftn", FLOATS, transformed_whole),
        ("irfft hfft", COMPLEX, transformed), ("irfftn", COMPLEX, transformed_whole),
    ] for name in names.split()],
    *[Entry(name, FLOATS, sampled, "fft") for name in ("fftfreq", "rfftfreq")],
    *[Entry(name, floating, rotated, "fft") for name in ("fftshift", "ifftshift")],
]  # fmt: skip

entries = [*linalg, *fft]
