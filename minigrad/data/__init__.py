"""What a net is trained on: samples by number, batches of them, and a few data sets to start with.

`TensorDataset` holds Tensors whose first axis counts samples, `DataLoader` hands them out in
batches, `random_split` divides them. `digits`, `moons` and `spirals` need no download, and
`load_npz` reads a file of yours.
"""

from __future__ import annotations

from .dataset import Dataset, Subset, TensorDataset, default_collate, random_split
from .digits import digits
from .loader import DataLoader
from .npz import load_npz
from .toy import moons, spirals

__all__ = [
    "DataLoader",
    "Dataset",
    "Subset",
    "TensorDataset",
    "default_collate",
    "digits",
    "load_npz",
    "moons",
    "random_split",
    "spirals",
]
