"""Folding: a batch norm in evaluation is affine, and its neighbour can do its work.

After a layer with weight W and bias b, with s = gamma / sqrt(running_var + eps) a channel,

    (W x + b - running_mean) s + beta  =  (s W) x + (b - running_mean) s + beta

and before one, with t = beta - running_mean s,

    W (s x + t) + b  =  (W s) x + (W t + b)

which a convolution with zeros around its input cannot do: the zeros would have to become t. The
folding is done in float64 (Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3.2).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn

from .layers import BatchNorm

__all__ = ["fold", "fold_sequential"]

Array = np.ndarray[Any, Any]
Affine = nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d

AFFINE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d)


def fold(first: nn.Module, second: nn.Module) -> nn.Module:
    """One layer that computes `second(first(x))`, where one is a batch norm in evaluation.

    The other is a Linear, Conv1d, Conv2d, ConvTranspose1d or ConvTranspose2d, with groups or
    without, with a bias or without; it may come first, or second unless it pads its input. The
    result is a new layer of its kind, in its dtype and on its device, with a bias; neither argument
    changes. A Linear and a batch norm are meant for inputs (N, features).

    Raises TypeError for layers of other kinds, ValueError for a batch norm that would use the
    statistics of a batch (call `eval()` or `freeze_stats()` first; without running statistics it
    cannot be folded), numbers of channels that differ, channels at another axis, and padding behind
    a batch norm.
    """
    if isinstance(first, AFFINE) and isinstance(second, BatchNorm):
        check_foldable(second)
        return fold_behind(first, second)
    if isinstance(first, BatchNorm) and isinstance(second, AFFINE):
        check_foldable(first)
        return fold_before(first, second)
    raise TypeError(
        f"fold: {type(first).__name__} and {type(second).__name__}: expected a batch norm and one "
        f"of {', '.join(kind.__name__ for kind in AFFINE)}, in either order"
    )


def fold_sequential(net: nn.Sequential) -> nn.Sequential:
    """`net` with every batch norm folded into the layer before it, where that is of a kind to.

    The layers that nothing is folded into are the net's own, not copies. Raises ValueError, as
    `fold` does, for a batch norm that can't be folded, and for a layer that the net uses more than
    once: what it computes elsewhere would change.
    """
    layers: list[nn.Module] = []
    uses = [id(layer) for layer in net]
    for layer in net:
        before = layers[-1] if layers else None
        if isinstance(layer, BatchNorm) and isinstance(before, AFFINE):
            if uses.count(id(before)) > 1:
                raise ValueError(
                    f"fold: {before} is used {uses.count(id(before))} times; folding a batch norm "
                    "into it would change what it computes elsewhere: give each place its own layer"
                )
            layers[-1] = fold(before, layer)
        else:
            layers.append(layer)
    folded = nn.Sequential(*layers)
    folded.training = net.training
    return folded


def check_foldable(bn: BatchNorm) -> None:
    """Raise ValueError unless `bn` is affine now: by running statistics, channels second."""
    name = type(bn).__name__
    if not bn.track_running_stats:
        raise ValueError(
            f"fold: this {name} has no running statistics, because track_running_stats=False, and "
            "normalises every batch by its own; there is nothing to fold"
        )
    if bn.normalises_by_batch:
        raise ValueError(
            f"fold: this {name} is in training, where it normalises by the batch; call eval() or "
            "freeze_stats() first"
        )
    if bn.settings.channel_axis != 1:
        raise ValueError(
            f"fold: this {name} has its channels at axis {bn.settings.channel_axis}, its neighbour "
            "at axis 1"
        )


def scale_and_shift(bn: BatchNorm) -> tuple[Array, Array]:
    """`s` and `t` of y = s x + t, one of each a channel, in float64."""
    assert bn.running_mean is not None  # check_foldable has seen to it
    assert bn.running_var is not None
    scale = 1 / np.sqrt(host(bn.running_var) + bn.eps)
    if bn.weight is not None:
        scale = scale * host(bn.weight)
    shift = -host(bn.running_mean) * scale
    return scale, shift if bn.bias is None else shift + host(bn.bias)


def fold_behind(layer: Affine, bn: BatchNorm) -> nn.Module:
    """`bn(layer(x))` as one layer: every output scaled and shifted."""
    outputs = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    check_sizes(outputs, "outputs", layer, bn)
    scale, shift = scale_and_shift(bn)
    weight = host(layer.weight)
    if isinstance(layer, TRANSPOSED):  # (inputs, outputs / groups, ...), the groups in a row
        grouped = weight.reshape(layer.groups, -1, *weight.shape[1:])
        factors = scale.reshape(layer.groups, 1, -1, *(1,) * (weight.ndim - 2))
        weight = (grouped * factors).reshape(weight.shape)
    else:
        weight = weight * scale.reshape(-1, *(1,) * (weight.ndim - 1))
    bias = shift if layer.bias is None else host(layer.bias) * scale + shift
    return rebuilt(layer, weight, bias)


def fold_before(bn: BatchNorm, layer: Affine) -> nn.Module:
    """`layer(bn(x))` as one layer: every input scaled, and what it is shifted by sent through."""
    inputs = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
    check_sizes(inputs, "inputs", layer, bn)
    if isinstance(layer, TRANSPOSED):
        raise ValueError(
            f"fold: a batch norm before {layer} shifts its input, and near the border, where fewer "
            "windows overlap, its output by less; no bias can do that"
        )
    if not isinstance(layer, nn.Linear) and pads(layer):
        raise ValueError(
            f"fold: {layer} pads its input with zeros, which the batch norm before it has not "
            "shifted; no bias can make up for that at the border"
        )
    scale, shift = scale_and_shift(bn)
    weight = host(layer.weight)
    groups = 1 if isinstance(layer, nn.Linear) else layer.groups
    # Each group of outputs sees inputs of its own: (groups, outputs, inputs, ...) of one group.
    grouped = weight.reshape(groups, -1, *weight.shape[1:])
    column = (groups, 1, -1, *(1,) * (weight.ndim - 2))
    sent = (grouped * shift.reshape(column)).sum(axis=tuple(range(2, grouped.ndim))).reshape(-1)
    bias = sent if layer.bias is None else sent + host(layer.bias)
    return rebuilt(layer, (grouped * scale.reshape(column)).reshape(weight.shape), bias)


def pads(layer: nn.Conv1d | nn.Conv2d) -> bool:
    """Whether a convolution puts zeros around its input."""
    if isinstance(layer.padding, str):
        return layer.padding == "same" and any(n > 1 for n in layer.kernel_size)
    return any(layer.padding)


def check_sizes(size: int, what: str, layer: Affine, bn: BatchNorm) -> None:
    """Raise ValueError unless the layer has as many channels on that side as the batch norm."""
    if size != bn.num_features:
        raise ValueError(
            f"fold: {layer} has {size} {what}, {type(bn).__name__} has "
            f"num_features={bn.num_features}"
        )


def rebuilt(layer: Affine, weight: Array, bias: Array) -> nn.Module:
    """A copy of the layer with other values, and a bias whether it had one or not."""
    new = copy.deepcopy(layer)
    device, dtype = layer.weight.device, layer.weight.dtype
    for name, values in (("weight", weight), ("bias", bias)):
        value = mg.tensor(values.astype(dtype), device=device)
        setattr(new, name, nn.Parameter(value, requires_grad=layer.weight.requires_grad))
    return new


def host(x: mg.Tensor) -> Array:
    """The values in float64, in host memory."""
    return x.detach().numpy().astype(np.float64)
