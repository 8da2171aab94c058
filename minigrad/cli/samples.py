"""The samples that `--data` names: to train on and to test on, standardised."""

from __future__ import annotations

from typing import NamedTuple

import minigrad as mg

from ..data import TensorDataset, digits, load_npz, moons, random_split, spirals
from .errors import CommandError, reported

__all__ = ["Samples", "load_samples"]


class Samples(NamedTuple):
    """What to train on and to test on, the shape of a sample, and how many classes there are."""

    train: TensorDataset
    test: TensorDataset
    shape: tuple[int, ...]
    classes: int


def load_samples(name: str, seed: int) -> Samples:
    """The data set digits, moons or spirals, or that of a .npz file.

    Where no test samples are set apart, a fifth of all is, drawn from `seed`. Raises CommandError
    for a name that is none of these, and for a file that can't be read or holds something else.
    """
    with reported(ValueError, OSError, prefix="--data: "):
        train, test = read(name, seed)
    if test is None:
        if len(train) < 2:
            raise CommandError(f"--data: {name} has {len(train)} sample, expected at least 2")
        parts = random_split(train, [0.8, 0.2], generator=mg.random.Generator(seed))
        train, test = (TensorDataset(*part.batch(range(len(part)))) for part in parts)
    train, test = standardised(train, test)
    classes = 1 + max(int(mg.max(part.tensors[1])) for part in (train, test))
    return Samples(train, test, train.tensors[0].shape[1:], classes)


def read(name: str, seed: int) -> tuple[TensorDataset, TensorDataset | None]:
    """The samples as they come."""
    if name == "digits":
        return digits("train"), digits("test")
    if name == "moons":
        return moons(1000, noise=0.1, seed=seed), None
    if name == "spirals":
        return spirals(1000, classes=3, noise=0.03, seed=seed), None
    if name.endswith(".npz"):
        return load_npz(name)
    raise CommandError(f"--data is {name!r}, expected digits, moons, spirals or a file FILE.npz")


def standardised(*parts: TensorDataset) -> list[TensorDataset]:
    """Every feature, or channel of an image, with mean 0 and variance 1 over the first part.

    Images without an axis for channels get one.
    """
    xs = [part.tensors[0] for part in parts]
    if xs[0].ndim == 3:
        xs = [mg.expand_dims(x, axis=1) for x in xs]
    others = tuple(i for i in range(xs[0].ndim) if i != 1)
    mean = mg.mean(xs[0], axis=others, keepdims=True)
    std = mg.std(xs[0], axis=others, keepdims=True)
    std = mg.where(std > 0, std, mg.ones_like(std))
    return [
        TensorDataset((x - mean) / std, part.tensors[1]) for x, part in zip(xs, parts, strict=True)
    ]
