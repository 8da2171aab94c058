"""The two nets that `minigrad train` knows, for samples of any shape."""

from __future__ import annotations

from itertools import pairwise

from .. import nn
from ..nn.offered import offered
from .errors import CommandError, reported
from .settings import Model, Norm

__all__ = ["build"]


def build(model: Model, norm: Norm, shape: tuple[int, ...], classes: int) -> nn.Module:
    """A net from samples of `shape` to one score a class; CommandError where that can't be."""
    if model == "mlp":
        return mlp(norm, shape, classes)
    if len(shape) != 3 or min(shape[1:]) < 4:
        raise CommandError(
            f"--model cnn needs images of shape (channels, height, width), at least 4 x 4; "
            f"these samples have shape {shape}: use --model mlp"
        )
    return cnn(norm, shape, classes)


def mlp(norm: Norm, shape: tuple[int, ...], classes: int, hidden: int = 128) -> nn.Module:
    """Two hidden layers on the flattened sample."""
    features = 1
    for n in shape:
        features *= n
    layers: list[nn.Module] = [nn.Flatten()]
    for n, m in pairwise((features, hidden, hidden)):
        layers += [nn.Linear(n, m), feature_norm(norm, m), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, classes))


def cnn(norm: Norm, shape: tuple[int, ...], classes: int, width: int = 16) -> nn.Module:
    """Three 3 x 3 convolutions, each wider than the one before, and the mean over all positions."""
    layers: list[nn.Module] = []
    for i, (n, m) in enumerate(pairwise((shape[0], width, 2 * width, 4 * width))):
        layers += [nn.Conv2d(n, m, 3, padding=1), channel_norm(norm, m), nn.ReLU()]
        if i < 2:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, classes)
    )


def feature_norm(norm: Norm, features: int) -> nn.Module:
    """Normalisation of samples of shape (features,)."""
    match norm:
        case "batch":
            return batch_norm("BatchNorm1d", features)
        case "layer":
            return nn.LayerNorm(features)
        case "none":
            return nn.Identity()


def channel_norm(norm: Norm, channels: int) -> nn.Module:
    """Normalisation of images of shape (channels, height, width)."""
    match norm:
        case "batch":
            return batch_norm("BatchNorm2d", channels)
        case "layer":
            # One group: mean and variance over all that a sample has.
            return nn.GroupNorm(1, channels)
        case "none":
            return nn.Identity()


def batch_norm(layer: str, channels: int) -> nn.Module:
    """The layer of this name, which another package offers."""
    with reported(LookupError):
        kind = offered(layer)
    module: nn.Module = kind(channels)
    return module
