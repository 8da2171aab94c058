"""The data: the digits that minigrad ships, and Fashion-MNIST where it is installed."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

import minigrad as mg
from minigrad.data import TensorDataset, digits

__all__ = ["FASHION_MNIST", "Samples", "load", "read_idx"]

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files."""


class Samples(NamedTuple):
    """Images of shape (1, height, width) with values from 0 to 1, and labels 0 to 9."""

    train: TensorDataset
    test: TensorDataset


def load(name: str, folder: Path = FASHION_MNIST) -> Samples:
    """`digits`: 1,437 and 360 images; `fashion-mnist`: the first 4,000 and 2,000.

    Raises FileNotFoundError where Fashion-MNIST is not in `folder`.
    """
    if name == "digits":
        return Samples(digits("train"), digits("test"))
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} does not exist: install Fashion-MNIST (on Debian and Ubuntu "
            "`apt install dataset-fashion-mnist`), or use --data digits"
        )
    return Samples(fashion(folder, "train", 4000), fashion(folder, "t10k", 2000))


def fashion(folder: Path, split: str, count: int) -> TensorDataset:
    """The first `count` images of a split, and their labels."""
    x = read_idx(folder / f"{split}-images-idx3-ubyte.gz")[:count, None]
    y = read_idx(folder / f"{split}-labels-idx1-ubyte.gz")[:count]
    return TensorDataset(mg.tensor(x.astype("float32") / 255), mg.tensor(y.astype("int64")))


def read_idx(path: Path) -> np.ndarray:
    """The bytes of a gzipped IDX file, in their shape; ValueError if they are not of one."""
    data = gzip.decompress(path.read_bytes())
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    axes = data[3]
    shape = np.frombuffer(data, ">i4", count=axes, offset=4)
    return np.frombuffer(data, "uint8", offset=4 + 4 * axes).reshape(shape)
