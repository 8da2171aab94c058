"""The size of the batch, from 64 down to 2: one net, as many epochs, with and without batch norm.

Beside the accuracy by running statistics, the accuracy by those of test batches of the same size,
and the loss of the training images in training and in evaluation.
"""

from __future__ import annotations

from typing import NamedTuple

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import DataLoader, TensorDataset
from minigrad_bn import use_batch_stats

from .nets import he_normal, mlp
from .samples import Samples, load
from .shown import band, figure, options, spread, table
from .training import accuracy, train

SIZES = (64, 32, 16, 8, 4, 2)


class Run(NamedTuple):
    """How one training of each net ended."""

    without: float
    running: float
    by_batch: float
    train_loss: float


def accuracy_by_batches(net: nn.Module, dataset: TensorDataset, size: int) -> float:
    """The accuracy where each batch is normalised by itself, in percent."""
    right = count = 0
    with mg.no_grad(), use_batch_stats(net):
        net.eval()
        for x, y in DataLoader(dataset, size, drop_last=True):
            right += int(mg.count_nonzero(mg.argmax(net(x), axis=1) == y))
            count += len(y)
    return 100 * right / count


def run(samples: Samples, size: int, seed: int, epochs: int) -> Run:
    """One training of either net. The learning rate falls with the size, from 0.1 at 64."""
    side = samples.train.tensors[0].shape[-1]
    ends = {}
    for place in ("none", "before"):
        mg.random.manual_seed(seed)
        net = he_normal(mlp(side * side, place, depth=3))
        optimizer = optim.SGD(net.parameters(), lr=0.1 * size / 64)
        losses = train(net, samples.train, optimizer, epochs=epochs, batch_size=size)
        ends[place] = accuracy(net, samples.test)
    return Run(*ends.values(), accuracy_by_batches(net, samples.test, size), losses[-1])


def main() -> None:
    """Print the table, draw the figure."""
    chosen = options(__doc__, seeds=3, epochs=8)
    samples = load(chosen.data)
    found = {
        n: [run(samples, n, seed, chosen.epochs) for seed in range(chosen.seeds)] for n in SIZES
    }
    rows = [
        [str(n)]
        + [spread([r[i] for r in runs]) for i in range(3)]
        + [spread([r.train_loss for r in runs], 2)]
        for n, runs in found.items()
    ]
    head = "batch size,no batch norm,running statistics,statistics of the batch,training loss"
    print(table(head.split(","), rows))
    labels = ("no batch norm", "running statistics", "statistics of the batch")
    with figure(f"batch-size-{chosen.data}", 1) as (axis,):
        for i, label in enumerate(labels):
            band(axis, SIZES, [[r[i] for r in runs] for runs in found.values()], label)
        axis.set(xscale="log", xlabel="batch size", ylabel="test accuracy, %", title=chosen.data)
        axis.set_xticks(SIZES, [str(n) for n in SIZES], minor=False)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)


if __name__ == "__main__":
    main()
