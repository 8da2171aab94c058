"""Training with and without batch norm, before and after the activation, over learning rates.

Accuracy on the test images after a fixed number of epochs of plain SGD, a perceptron of five hidden
layers and a small convolutional net.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import minigrad as mg
from minigrad import nn, optim

from .nets import Place, cnn, he_normal, mlp
from .samples import Samples, load
from .shown import band, figure, options, spread, table
from .training import accuracy, train

RATES = (0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
VARIANTS: dict[str, tuple[Place, bool]] = {
    "no batch norm": ("none", False),
    "no batch norm, He": ("none", True),
    "before the activation": ("before", False),
    "after the activation": ("after", False),
}
"""Where batch norm stands, and whether weights begin as He's or as PyTorch's."""
NETS = ("mlp", "cnn")


class Run(NamedTuple):
    """The loss of each epoch, and the accuracy on the test images."""

    losses: list[float]
    accuracy: float


def build(kind: str, samples: Samples, variant: str) -> nn.Module:
    """A net for the images."""
    place, he = VARIANTS[variant]
    side = samples.train.tensors[0].shape[-1]
    net = cnn(side, place) if kind == "cnn" else mlp(side * side, place)
    return he_normal(net) if he else net


def run(samples: Samples, kind: str, variant: str, rate: float, seed: int, epochs: int) -> Run:
    """One training, and its end."""
    mg.random.manual_seed(seed)
    net = build(kind, samples, variant)
    optimizer = optim.SGD(net.parameters(), lr=rate)
    losses = train(net, samples.train, optimizer, epochs=epochs, batch_size=64)
    return Run(losses, accuracy(net, samples.test))


def measured(
    samples: Samples, kind: str, rates: Sequence[float], seeds: int, epochs: int
) -> dict[tuple[str, float], list[Run]]:
    """The runs of every placement and rate, one a seed."""
    return {
        (variant, rate): [run(samples, kind, variant, rate, seed, epochs) for seed in range(seeds)]
        for variant in VARIANTS
        for rate in rates
    }


def main() -> None:
    """Print the table of each net, and draw both."""
    chosen = options(__doc__, seeds=3, epochs=5)
    samples = load(chosen.data)
    found = {kind: measured(samples, kind, RATES, chosen.seeds, chosen.epochs) for kind in NETS}
    for kind, runs in found.items():
        print(
            f"\n{kind} on {chosen.data}, test accuracy in percent after {chosen.epochs} epochs:\n"
        )
        rows = [
            [f"{rate:g}"]
            + [spread([r.accuracy for r in runs[variant, rate]]) for variant in VARIANTS]
            for rate in RATES
        ]
        print(table(["learning rate", *VARIANTS], rows))
    with figure(f"learning-rates-{chosen.data}", len(NETS), sharey=True) as axes:
        for axis, (kind, runs) in zip(axes, found.items(), strict=True):
            for variant in VARIANTS:
                by_rate = [[r.accuracy for r in runs[variant, rate]] for rate in RATES]
                band(axis, RATES, by_rate, variant)
            axis.set(title=f"{kind}, {chosen.data}", xscale="log", xlabel="learning rate")
            axis.grid(alpha=0.3)
        axes[0].set_ylabel(f"test accuracy, %, after {chosen.epochs} epochs")
        axes[0].legend(fontsize=8)


if __name__ == "__main__":
    main()
