"""What feeds the batch norms of a model, as `lint` asks: what there is to know, read off its text.

A `Place` is one use of a layer, with the batch norms that receive its output. In a Sequential that
is the next module; `watching` sees it in any model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from minigrad import nn

from .folding import AFFINE
from .layers import BatchNorm

__all__ = ["Place", "Seen", "read_off", "takes_off"]


class Place(NamedTuple):
    """One use of a layer, and the names of the batch norms that receive its output."""

    name: str
    layer: nn.Module
    norms: list[str]
    bias_is_useless: bool
    """Whether each of these takes off a mean that contains the layer's bias, and all goes there."""


class Seen(NamedTuple):
    """What is known of a model."""

    places: list[Place]
    runs: Mapping[str, int]
    """How often each batch norm ran."""
    single: set[str]
    """The batch norms that get one value a channel of each sample."""
    gradients: Mapping[int, tuple[float, float]]
    """By the id of a layer: the size of its bias's gradient, and that of its weight's."""


def takes_off(norm: BatchNorm, layer: nn.Module, rank: int) -> bool:
    """Whether a batch norm, in training, takes off what the layer's bias adds to an output."""
    bias_axis = rank - 1 if isinstance(layer, nn.Linear) else 1
    return not norm.stats_frozen and norm.settings.channel_axis % rank == bias_axis


def read_off(model: nn.Module) -> Seen:
    """What Sequentials tell; of other modules, only that their layers are used, too."""
    names = {m: name for name, m in model.named_modules()}
    places: list[Place] = []
    single = {name for m, name in names.items() if isinstance(m, BatchNorm) and 2 in m.layouts}
    for chain in chains_of(model):
        behind: nn.Module | None = None
        for layer in reversed(chain):
            if isinstance(behind, BatchNorm):
                rank = (min if isinstance(layer, nn.Linear) else max)(behind.layouts)
                useless = takes_off(behind, layer, rank)
                places.append(Place(names[layer], layer, [names[behind]], useless))
                if isinstance(layer, AFFINE) and not isinstance(layer, nn.Linear):
                    single.discard(names[behind])
            else:
                places.append(Place(names[layer], layer, [], False))
            behind = layer
    return Seen(places[::-1], {}, single, {})


def chains_of(model: nn.Module) -> list[list[nn.Module]]:
    """The modules of each outermost Sequential, in the order in which they run.

    A module that stands in none is a chain of its own.
    """
    outermost: dict[str, str] = {}
    chains: dict[str, list[nn.Module]] = defaultdict(list)
    for path, module in model.named_modules(remove_duplicate=False):
        around = outermost.get(path.rpartition(".")[0]) if path else None
        if type(module).forward is nn.Sequential.forward:
            outermost[path] = path if around is None else around
        elif not isinstance(module, nn.Identity):
            chains[path if around is None else around].append(module)
    return list(chains.values())
