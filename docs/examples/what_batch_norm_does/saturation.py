"""How many tanh and sigmoid units are saturated, by layer and epoch, with and without batch norm.

A unit is saturated on an image where the slope of its activation is below 5 % of its largest. The
weights begin as PyTorch's do, and three and ten times as large.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn, optim

from .nets import Place, mlp
from .samples import Samples, load
from .shown import band, figure, options, spread, table
from .training import accuracy, train

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
STEEPEST = {"tanh": 1.0, "sigmoid": 0.25}
SCALES = (1.0, 3.0, 10.0)


def slope(kind: str, z: np.ndarray) -> np.ndarray:
    """The derivative of the activation at `z`."""
    if kind == "tanh":
        return 1 - np.tanh(z) ** 2
    return 0.25 * (1 - np.tanh(z / 2) ** 2)


def saturated(kind: str, z: np.ndarray) -> float:
    """The percentage of values whose slope is below 5 % of the steepest."""
    return 100 * float(np.mean(slope(kind, z) < 0.05 * STEEPEST[kind]))


def inputs_of(net: nn.Module, kind: str, x: mg.Tensor) -> list[np.ndarray]:
    """What arrives at each activation for the images `x`, with the net in the mode it is in."""
    seen: list[np.ndarray] = []

    def watch(layer: Any, args: tuple[mg.Tensor, ...]) -> None:
        seen.append(args[0].numpy().astype(np.float64))

    layers = [m for m in net.modules() if isinstance(m, ACTIVATIONS[kind])]
    handles = [m.register_forward_pre_hook(watch) for m in layers]
    with mg.no_grad(), mg.autograd.no_state_update():
        net(x)
    for handle in handles:
        handle.remove()
    return seen


def run(
    samples: Samples, kind: str, place: Place, scale: float, seed: int, epochs: int
) -> tuple[list[list[float]], float]:
    """Percentages by epoch and layer, and the test accuracy."""
    mg.random.manual_seed(seed)
    x = samples.train.tensors[0]
    net = mlp(x.shape[-1] ** 2, place, activation=ACTIVATIONS[kind])
    for m in net.modules():
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, 0.0, scale / (3 * m.weight.shape[1]) ** 0.5)
    records: list[list[np.ndarray]] = []
    train(
        net,
        samples.train,
        optim.SGD(net.parameters(), lr=0.1),
        epochs=epochs,
        batch_size=64,
        after_epoch=lambda epoch: records.append(inputs_of(net, kind, x[:256])),
    )
    shares = [[saturated(kind, z) for z in layers] for layers in records]
    return shares, accuracy(net, samples.test)


def main() -> None:
    """Print a table for each activation, and draw both by epoch."""
    chosen = options(__doc__, seeds=3, epochs=8)
    samples = load(chosen.data)
    cases = [(kind, p, s) for kind in ACTIVATIONS for p in ("none", "before") for s in SCALES]
    found = {
        (kind, place, scale): [
            run(samples, kind, place, scale, seed, chosen.epochs) for seed in range(chosen.seeds)
        ]
        for kind, place, scale in cases
    }
    rows = []
    for (kind, place, scale), runs in found.items():
        shares = np.array([r[0] for r in runs])
        ends = [shares[:, 0, 0], shares[:, 0, -1], shares[:, -1, 0], shares[:, -1, -1]]
        rows.append(
            [kind, place, f"{scale:g}"]
            + [spread(column) for column in ends]
            + [spread([r[1] for r in runs])]
        )
    head = "activation,batch norm,scale,first layer before,last before,first after,last after"
    print(table([*head.split(","), "accuracy"], rows))
    with figure(f"saturation-{chosen.data}", 4, sharey=True) as axes:
        panels = [(kind, place) for kind in ACTIVATIONS for place in ("none", "before")]
        for axis, (kind, place) in zip(axes, panels, strict=True):
            shares = np.array([r[0] for r in found[kind, place, 3.0]])
            for layer in range(shares.shape[2]):
                band(axis, range(shares.shape[1]), shares[:, :, layer].T, f"layer {layer + 1}")
            axis.set(title=f"{kind}, batch norm: {place}", xlabel="epoch")
            axis.grid(alpha=0.3)
        axes[0].set_ylabel("saturated, % (weights 3 times as large)")
        axes[0].legend(fontsize=8)


if __name__ == "__main__":
    main()
