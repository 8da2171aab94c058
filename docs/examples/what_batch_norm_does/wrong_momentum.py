"""Momenta that are wrong: 0.9 and 0.99 meant as a decay, and 0.001; and the cure.

The accuracy in evaluation after training, and again after `recalibrate`; the largest gap between
running statistics and those of the training images, as `train_eval_gap` measures it.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import minigrad as mg
from minigrad import optim
from minigrad.data import DataLoader
from minigrad_bn import recalibrate, train_eval_gap

from .nets import mlp
from .samples import Samples, load
from .shown import options, spread, table
from .training import accuracy, train

MOMENTA = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99)


class Run(NamedTuple):
    """Accuracy and gap after training, and after `recalibrate`."""

    accuracy: float
    gap: float
    cured_accuracy: float
    cured_gap: float


def run(samples: Samples, momentum: float, batch_size: int, seed: int, epochs: int) -> Run:
    """One training; what it is worth in evaluation, and after `recalibrate`."""
    mg.random.manual_seed(seed)
    x = samples.train.tensors[0]
    with warnings.catch_warnings():
        # The warning that a momentum looks like a decay: here that is the point.
        warnings.simplefilter("ignore")
        net = mlp(x.shape[-1] ** 2, "before", momentum=momentum)
    optimizer = optim.SGD(net.parameters(), lr=0.1 * batch_size / 64)
    train(net, samples.train, optimizer, epochs=epochs, batch_size=batch_size)
    before = accuracy(net, samples.test), gap(net, x)
    recalibrate(net, DataLoader(samples.train, 256, drop_last=True))
    return Run(*before, accuracy(net, samples.test), gap(net, x))


def gap(net: mg.nn.Module, x: mg.Tensor) -> float:
    """The largest gap of the net's means, in deviations."""
    return max(g.mean for g in train_eval_gap(net, x))


def main() -> None:
    """Print the table, at two sizes of batch."""
    chosen = options(__doc__, seeds=3, epochs=5)
    samples = load(chosen.data)
    rows = []
    for size in (64, 4):
        for momentum in MOMENTA:
            runs = [run(samples, momentum, size, s, chosen.epochs) for s in range(chosen.seeds)]
            columns = [
                spread(c, d) for c, d in zip(zip(*runs, strict=True), (1, 2, 1, 2), strict=True)
            ]
            rows.append([str(size), f"{momentum:g}", *columns])
    head = "batch size,momentum,accuracy,gap,accuracy recalibrated,gap recalibrated"
    print(table(head.split(","), rows))


if __name__ == "__main__":
    main()
