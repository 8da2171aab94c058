"""Classified samples in a NumPy .npz file: read, and checked before anything is made of them."""

from __future__ import annotations

import zipfile
import zlib
from os import PathLike
from typing import Any

import numpy

from ..dtypes import get_default_dtype
from ..ops.creation import tensor
from .dataset import TensorDataset

__all__ = ["load_npz", "read_npz"]


def load_npz(path: str | PathLike[str]) -> tuple[TensorDataset, TensorDataset | None]:
    """The samples to train on and those to test on (None if the file has none).

    The file holds `x` of shape (N, ...) with numbers, and `y` of shape (N,) with labels: integers
    from 0 to classes - 1, each of which occurs; `x_test` and `y_test` likewise, if they are there.
    Samples get the default dtype. Raises ValueError, naming the file, the array and
    what was expected, for anything else; FileNotFoundError if there is no such file.
    """
    splits = {name: TensorDataset(tensor(x), tensor(y)) for name, (x, y) in read_npz(path).items()}
    return splits["train"], splits.get("test")


def read_npz(path: str | PathLike[str]) -> dict[str, tuple[Any, Any]]:
    """NumPy's arrays by split, checked: samples in the default dtype, labels as int64."""
    arrays = _arrays(path)
    x, y = _checked_pair(path, arrays, "x", "y")
    missing = numpy.setdiff1d(numpy.arange(min(y.max(), y.size) + 1), y)
    if missing.size:
        raise ValueError(
            f"{path}: y has no label {missing[0]}, but {y.max()}; "
            "expected integers from 0 to classes - 1, each of which occurs"
        )
    splits = {"train": (x, y)}
    if "x_test" in arrays or "y_test" in arrays:
        x_test, y_test = _checked_pair(path, arrays, "x_test", "y_test")
        if x_test.shape[1:] != x.shape[1:]:
            raise ValueError(
                f"{path}: a sample of x_test has shape {x_test.shape[1:]}, one of x {x.shape[1:]}"
            )
        if y_test.max() > y.max():
            raise ValueError(
                f"{path}: y_test has label {y_test.max()}, out of range for y's 0 to {y.max()}"
            )
        splits["test"] = (x_test, y_test)
    return splits


def _arrays(path: str | PathLike[str]) -> dict[str, Any]:
    if not zipfile.is_zipfile(path):
        with open(path, "rb"):  # says so if there is no such file, or none that may be read
            raise ValueError(f"{path}: not a NumPy .npz file, or a truncated one")
    try:
        with numpy.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: can't be read as a NumPy .npz file: {error}") from error


def _checked_pair(
    path: str | PathLike[str], arrays: dict[str, Any], x_name: str, y_name: str
) -> tuple[Any, Any]:
    for name in (x_name, y_name):
        if name not in arrays:
            raise ValueError(f"{path}: no array {name}; it holds {sorted(arrays)}")
    x, y = arrays[x_name], arrays[y_name]
    if y.dtype.kind not in "iu" or y.ndim != 1 or not y.size:
        raise ValueError(
            f"{path}: {y_name} has shape {y.shape}, {y.dtype}; expected labels: (N,), integers"
        )
    if x.dtype.kind not in "fiub" or x.ndim < 2 or not x.size or len(x) != len(y):
        raise ValueError(
            f"{path}: {x_name} has shape {x.shape}, {x.dtype}; "
            f"expected ({len(y)}, ...), a sample for each label, of real numbers"
        )
    with numpy.errstate(over="ignore"):
        x = x.astype(get_default_dtype())
    if not numpy.isfinite(x).all():
        raise ValueError(f"{path}: {x_name} holds numbers that are not finite in {x.dtype}")
    if y.min() < 0:
        raise ValueError(f"{path}: {y_name} has label {y.min()}, out of range: labels begin at 0")
    return x, y.astype("int64")
