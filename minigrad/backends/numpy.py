"""NumPy: the backend on every machine, and the one where a microsecond counts."""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ..kernels.memory import Block
from .backend import Backend
from .indexing import is_basic
from .windows import fold_into, strided_layout

__all__ = ["load"]


add_reduce: Any = np.add.reduce
maximum_reduce: Any = np.maximum.reduce
minimum_reduce: Any = np.minimum.reduce
FLOAT32 = np.dtype("float32")


class NumpyBackend(Backend):
    """NumPy's own functions where the levelled ones cost a Python call more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cpu = self.wrap_device("cpu")

    def device_label(self, raw: Any) -> str:
        return ""

    def asarray(self, data: Any, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
        if dtype is None and copy is None:
            return np.asarray(data)
        return np.array(data, dtype=dtype, copy=copy)

    def admit(self, array: Any) -> Any:
        """A plain array in native byte order: subclasses have arithmetic of their own."""
        if hasattr(array, "filled"):
            raise TypeError("a masked array would lose its mask; use array.filled(...)")
        array = np.asarray(array)
        return super().admit(array if array.dtype.isnative else array.astype(array.dtype.type))

    def to_numpy(self, array: Any) -> Any:
        return array

    def is_view(self, array: Any) -> bool:
        return array.base is not None and array.base.__class__ is not Block

    def copy(self, array: Any) -> Any:
        return array.copy("K")

    def dtype_of(self, array: Any) -> np.dtype[Any]:
        return array.dtype

    def device_of(self, array: Any) -> Any:
        return self.cpu

    def default_device(self) -> Any:
        return self.cpu


def getitem(x: Any, key: Any) -> Any:
    return x[key]


def scatter_add(v: Any, key: Any, shape: tuple[int, ...]) -> Any:
    if is_basic(key):
        total = np.zeros(shape, dtype=v.dtype)
        total[key] = v
        return total
    total = np.zeros(shape, dtype=np.float32 if v.dtype == np.float16 else v.dtype)
    np.add.at(total, key, v)
    return total.astype(v.dtype, copy=False)


def index_set(x: Any, key: Any, v: Any) -> Any:
    y = np.array(x)
    y[key] = v
    return y


def windows(
    x: Any, shape: tuple[int, ...], strides: tuple[int, ...], dilation: tuple[int, ...]
) -> Any:
    """A view: windows share the memory of the input."""
    return np.lib.stride_tricks.as_strided(
        x, *strided_layout(x, shape, strides, dilation), writeable=False
    )


ALONE, TOGETHER = 1_000_000, 4_000_000
"""So many multiplications BLAS does on the thread that asks, and so many are worth waking others:
those that it has woken spin for a while, on cores that were wanted by others."""


def matmul(a: Any, b: Any, /) -> Any:
    """The method `dot` of a matrix starts in half the time of `matmul`."""
    if a.ndim != 2 or b.ndim != 2:
        return np.matmul(a, b)
    # Two matrices of no more elements are multiplied by no more than ALONE multiplications.
    if a.size + b.size > 2000 and ALONE < a.size * b.shape[1] <= TOGETHER:
        return product_in_pieces(a, b)
    return a.dot(b)


def product_in_pieces(a: Any, b: Any) -> Any:
    """The product of matrices, so many rows at a time that BLAS computes them on this thread."""
    rows, inner = a.shape
    for pieces in range(2, 9):
        if rows % pieces == 0 and a.size * b.shape[1] <= pieces * ALONE:
            parts = np.matmul(a.reshape(pieces, rows // pieces, inner), b)
            return parts.reshape(rows, b.shape[1])
    return a.dot(b)


def reduce_sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """`sum` without the Python layers of `numpy.sum`.

    The rows of a matrix, which is what the gradient of a bias sums, are a product with ones: BLAS
    adds them in the same order, and takes less than half the time.
    """
    if x.dtype is FLOAT32 and dtype is None:
        if axis is None and not keepdims:
            # Into an array: NumPy would return a scalar, and to wrap that takes longer.
            return add_reduce(x, None, None, np.empty((), FLOAT32))
        if x.ndim == 2 and (axis == 0 or axis == (0,)) and not keepdims:
            return ones(len(x)).dot(x)
        return add_reduce(x, axis, None, None, keepdims)
    if x.dtype.kind not in "fc":
        return np.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
    if x.dtype == np.float16 and dtype is None:
        return add_reduce(x, axis, np.float32, None, keepdims).astype(np.float16)
    return add_reduce(x, axis, dtype, None, keepdims)


@lru_cache(maxsize=64)
def ones(n: int) -> Any:
    """Ones of float32, made once."""
    return np.ones(n, FLOAT32)


def reduce_max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """`max` without the Python layers of `numpy.max`."""
    return maximum_reduce(x, axis, None, None, keepdims)


def reduce_min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """`min` without the Python layers of `numpy.min`."""
    return minimum_reduce(x, axis, None, None, keepdims)


def reduce_mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """`mean` without the Python layers of `numpy.mean`."""
    if x.dtype == np.float16 or x.size == 0:
        return np.mean(x, axis=axis, keepdims=keepdims)
    total = add_reduce(x, axis, None, None, keepdims)
    return total / (x.size // total.size)


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The variance; of float16 computed in float32, where squares do not overflow."""
    dtype = np.float32 if x.dtype == np.float16 else None
    y = np.var(x, axis=axis, dtype=dtype, ddof=correction, keepdims=keepdims)
    return y if dtype is None else np.asarray(y).astype(np.float16)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard deviation; of float16 computed in float32."""
    dtype = np.float32 if x.dtype == np.float16 else None
    y = np.std(x, axis=axis, dtype=dtype, ddof=correction, keepdims=keepdims)
    return y if dtype is None else np.asarray(y).astype(np.float16)


def cumulative_sum(x: Any, /, **options: Any) -> Any:
    """Running sums; of float16 accumulated in float32."""
    if x.dtype == np.float16 and options.get("dtype") is None:
        return np.cumulative_sum(x, **{**options, "dtype": np.float32}).astype(np.float16)
    return np.cumulative_sum(x, **options)


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    """A view where that saves memory; a copy where making a view takes longer."""
    if math.prod(shape) > 16384:
        return np.broadcast_to(x, shape)
    y = np.empty(shape, dtype=x.dtype)
    y[...] = x
    return y


def matrix_transpose(x: Any, /) -> Any:
    return x.mT


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    return x.transpose(axes)


def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Any:
    if copy is None:
        return x.reshape(shape)
    return np.reshape(x, shape, copy=copy)


def load() -> Backend:
    """The backend, its library imported."""
    import array_api_compat.numpy as namespace

    words = {
        "broadcast_to": broadcast_to,
        "cumulative_sum": cumulative_sum,
        "fold": partial(fold_into, np.zeros),
        "getitem": getitem,
        "index_set": index_set,
        "matmul": matmul,
        "matrix_transpose": matrix_transpose,
        "max": reduce_max,
        "mean": reduce_mean,
        "min": reduce_min,
        "permute_dims": permute_dims,
        "reshape": reshape,
        "scatter_add": scatter_add,
        "std": std,
        "sum": reduce_sum,
        "var": var,
        "windows": windows,
    }
    return NumpyBackend("numpy", namespace, words=words, device_prefix="cpu")
