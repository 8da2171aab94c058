"""Handwritten digits: 1,797 images of 8 x 8 pixels, shipped with the package.

E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0; digits.txt tells what was changed.
"""

from __future__ import annotations

from importlib.resources import as_file, files

from ..ops.creation import tensor
from .dataset import TensorDataset
from .npz import read_npz

__all__ = ["digits"]


def digits(split: str = "train") -> TensorDataset:
    """Images of shape (1, 8, 8) with values from 0 to 1, and labels 0 to 9 as int64.

    `split` is "train" (1,437 images) or "test" (360); which image is in which never changes.
    """
    if split not in ("train", "test"):
        raise ValueError(f"digits: split {split!r}, expected 'train' or 'test'")
    with as_file(files(__package__) / "digits.npz") as path:
        x, y = read_npz(path)[split]
    return TensorDataset(tensor(x / 16), tensor(y))
