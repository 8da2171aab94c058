"""A bias before batch norm: its gradient is rounding noise, and Adam walks at random on it.

Measured on one batch: how much a bias changes the output in training, and its gradient over that of
batch norm's own bias. Then training by SGD and by Adam: how far the bias travels, and what that
does to evaluation, whose running mean follows the bias with a lag.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F

from .nets import mlp
from .samples import Samples, load
from .shown import band, figure, options, spread, table
from .training import accuracy, train


class Noise(NamedTuple):
    """What a useless bias does in training."""

    output: float
    """The largest change of a score by a random bias in every layer."""
    gradient: float
    """The largest gradient of a useless bias, over the largest of a useful one."""


def biases(net: nn.Module) -> tuple[list[mg.Tensor], list[mg.Tensor]]:
    """The biases before batch norm, and those of batch norm itself."""
    linear = [m.bias for m in net.modules() if isinstance(m, nn.Linear)][:-1]
    own = [m.bias for m in net.modules() if hasattr(m, "running_mean")]
    return linear, own


def largest(tensors: list[mg.Tensor]) -> float:
    """The largest absolute value."""
    return max(float(np.abs(t.detach().numpy()).max()) for t in tensors)


def noise(samples: Samples, dtype: str, seed: int) -> Noise:
    """Outputs and gradients of one batch of 64, in training."""
    mg.random.manual_seed(seed)
    x, y = (t[:64] for t in samples.train.tensors)
    net = mlp(x.shape[-1] ** 2, "before", bias=True).to(dtype=dtype)
    x = mg.astype(x, dtype)
    scores = net(x)
    F.cross_entropy(scores, y).backward()
    useless, useful = biases(net)
    ratio = largest([b.grad for b in useless]) / largest([b.grad for b in useful])
    for b in useless:
        nn.init.normal_(b)
    return Noise(largest([net(x) - scores]), ratio)


class Run(NamedTuple):
    """How one training ended."""

    travelled: list[float]
    """By epoch: the root mean square of how far a useless bias is from where it began."""
    accuracy: float


def run(samples: Samples, method: str, bias: bool, seed: int, epochs: int) -> Run:
    """One training with or without the useless biases."""
    mg.random.manual_seed(seed)
    # Built alike, so that both begin with the same weights.
    net = mlp(samples.train.tensors[0].shape[-1] ** 2, "before", bias=True)
    if not bias:
        for layer in [m for m in net.modules() if isinstance(m, nn.Linear)][:-1]:
            layer.bias = None
    useless = biases(net)[0] if bias else []
    start = [b.detach().numpy().copy() for b in useless]
    travelled: list[float] = []

    def after_epoch(epoch: int) -> None:
        moved = [b.detach().numpy() - s for b, s in zip(useless, start, strict=True)]
        travelled.append(float(np.sqrt(np.mean(np.square(moved)))) if moved else 0.0)

    make = {"sgd": lambda p: optim.SGD(p, lr=0.1), "adam": lambda p: optim.Adam(p, lr=0.01)}
    optimizer = make[method](net.parameters())
    train(net, samples.train, optimizer, epochs=epochs, batch_size=64, after_epoch=after_epoch)
    return Run(travelled, accuracy(net, samples.test))


def main() -> None:
    """Print both tables, draw the way of the biases."""
    chosen = options(__doc__, seeds=3, epochs=8)
    samples, seeds = load(chosen.data), range(chosen.seeds)
    rows = []
    for dtype in ("float32", "float64"):
        found = [noise(samples, dtype, seed) for seed in seeds]
        rows.append(
            [dtype]
            + [f"{np.median(c):.1e} (at most {np.max(c):.1e})" for c in zip(*found, strict=True)]
        )
    print(table(["dtype", "change of a score", "gradient over a useful one"], rows), "\n")
    rows, ways = [], {}
    for method in ("sgd", "adam"):
        with_bias, without = (
            [run(samples, method, bias, seed, chosen.epochs) for seed in seeds]
            for bias in (True, False)
        )
        ways[method] = np.array([r.travelled for r in with_bias])
        ends = [[r.accuracy for r in runs] for runs in (with_bias, without)]
        rows.append([method, spread(ways[method][:, -1], 6), *map(spread, ends)])
    print(table(["optimiser", "travelled", "accuracy with bias", "without"], rows))
    with figure(f"useless-bias-{chosen.data}", 1) as (axis,):
        for method, way in ways.items():
            band(axis, range(1, way.shape[1]), way[:, 1:].T, method)
        axis.set(yscale="log", xlabel="epoch", ylabel="distance of a useless bias, rms")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)


if __name__ == "__main__":
    main()
