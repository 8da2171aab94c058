"""The nets: a deep perceptron and a small convolutional net, with batch norm on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from minigrad import nn
from minigrad_bn import BatchNorm1d, BatchNorm2d

__all__ = ["Place", "cnn", "he_normal", "mlp"]

Place = Literal["none", "before", "after"]
"""Where batch norm stands: nowhere, before the activation, after it."""


def block(
    linear: nn.Module, norm: nn.Module, activation: nn.Module, place: Place
) -> Iterator[nn.Module]:
    """A layer, its activation, and batch norm on one side of it."""
    yield linear
    if place == "before":
        yield norm
    yield activation
    if place == "after":
        yield norm


def mlp(
    features: int,
    place: Place,
    *,
    activation: Callable[[], nn.Module] = nn.ReLU,
    depth: int = 5,
    width: int = 64,
    bias: bool | None = None,
    **norm: Any,
) -> nn.Sequential:
    """`depth` hidden layers of `width`, then the ten scores.

    A layer has a bias where no batch norm follows it, unless `bias` says otherwise. `norm` goes to
    every batch norm.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for i in range(depth):
        has_bias = place != "before" if bias is None else bias
        linear = nn.Linear(features if i == 0 else width, width, bias=has_bias)
        layers += block(linear, BatchNorm1d(width, **norm), activation(), place)
    return nn.Sequential(*layers, nn.Linear(width, 10))


def cnn(side: int, place: Place, *, channels: int = 8, **norm: Any) -> nn.Sequential:
    """Three convolutions of 3 x 3, each with ReLU, two poolings, and the ten scores."""
    layers: list[nn.Module] = []
    for i in range(3):
        conv = nn.Conv2d(channels if i else 1, channels, 3, padding=1, bias=place != "before")
        layers += block(conv, BatchNorm2d(channels, **norm), nn.ReLU(), place)
        if i < 2:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * (side // 4) ** 2, 10))


def he_normal(net: nn.Module) -> nn.Module:
    """Weights begin as He et al. 2015 propose for ReLU (arXiv:1502.01852), biases at 0.

    PyTorch's own beginning, which the nets have otherwise, is a sixth of that variance.
    """
    for module in net.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net
