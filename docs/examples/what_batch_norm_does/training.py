"""One way to train for all experiments: cross-entropy, shuffled batches, a fixed learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import DataLoader, TensorDataset
from minigrad.nn import functional as F

__all__ = ["accuracy", "mean_loss", "train"]


@np.errstate(all="ignore")  # rates are too large on purpose
def train(
    net: nn.Module,
    dataset: TensorDataset,
    optimizer: optim.Optimizer,
    *,
    epochs: int,
    batch_size: int,
    after_epoch: Callable[[int], Any] = lambda epoch: None,
) -> list[float]:
    """Train, and return the mean loss of each epoch. It stops at a loss that is not finite.

    `after_epoch` is called with 0 before the first and with 1, 2, … after each, the net in training
    mode. A last batch that is smaller is left out.
    """
    loader = DataLoader(dataset, batch_size, shuffle=True, drop_last=True)
    losses: list[float] = []
    net.train()
    after_epoch(0)
    for epoch in range(1, epochs + 1):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            if not math.isfinite(total):
                return [*losses, math.inf]
        losses.append(total / len(loader))
        after_epoch(epoch)
    return losses


def accuracy(net: nn.Module, dataset: TensorDataset) -> float:
    """The part of the samples that the net, in evaluation, gets right, in percent."""
    x, y = dataset.tensors
    training = net.training
    with mg.no_grad():
        right = mg.argmax(net.eval()(x), axis=1) == y
    net.train(training)
    return 100 * int(mg.count_nonzero(right)) / len(y)


def mean_loss(net: nn.Module, dataset: TensorDataset) -> float:
    """The mean cross-entropy of all samples at once, in the mode that the net is in."""
    x, y = dataset.tensors
    with mg.no_grad(), mg.autograd.no_state_update():
        return F.cross_entropy(net(x), y).item()
