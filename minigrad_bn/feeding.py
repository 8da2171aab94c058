"""What feeds the batch norms of a model: read off its Sequentials, or seen in one run of it.

`lint` asks. A `Place` is one use of a layer, with the batch norms that receive its output. In a
Sequential that is the next module. In a run it is seen by the arrays that modules are handed, and
proved by gradients: if batch norms are all that an output reaches, then all of its gradient comes
back through them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.extend import Tensor

from .folding import AFFINE
from .layers import BatchNorm
from .recalibration import modes_kept

__all__ = ["Place", "Seen", "read_off", "seen_in_a_run"]

Array = np.ndarray[Any, Any]


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


# --- read off ------------------------------------------------------------------------------------


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


# --- seen in a run -------------------------------------------------------------------------------


class Output:
    """What a layer returned, and what batch norms received of it."""

    def __init__(self, name: str, layer: nn.Module, output: Tensor) -> None:
        self.name, self.layer = name, layer
        # A handle of our own, as the model may give its own another value. It also keeps the array
        # alive, so that its id stands for nothing else.
        self.tensor = Tensor(output.data, output.device, output.node)
        self.received: list[tuple[str, BatchNorm, Tensor]] = []


class Watch:
    """The hooks of a run, and what they have seen."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.by_array: dict[int, Output] = {}
        self.runs: Counter[str] = Counter()
        self.single: set[str] = set()
        self.is_over = False
        """A checkpoint runs its part again, hooks and all, when it is differentiated."""

    def after_layer(self, name: str) -> Any:
        def hook(layer: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            if isinstance(output, Tensor):
                seen = self.by_array[id(output.data)] = Output(name, layer, output)
                if not self.is_over:
                    self.outputs.append(seen)

        return hook

    def before_norm(self, name: str) -> Any:
        def hook(norm: BatchNorm, args: tuple[Any, ...]) -> tuple[Any, ...]:
            x, *others = args
            source = self.by_array.get(id(x.data))
            # A node of its own: what flows back to it is what flows back through this batch norm.
            x = x if source is None else mg.positive(x)
            if not self.is_over:
                self.runs[name] += 1
                if math.prod(x.shape[1:]) == x.shape[norm.settings.channel_axis % x.ndim]:
                    self.single.add(name)
                if source is not None:
                    source.received.append((name, norm, x))
            return (x, *others)

        return hook


def seen_in_a_run(model: nn.Module, x: Any) -> Seen:
    """Run `model` on `x`, its batch norms in training and all else in evaluation.

    No statistic moves, and modes, gradients and hooks are the old ones afterwards, also after an
    error in the model.
    """
    watch, handles = Watch(), []
    try:
        with modes_kept(model), mg.enable_grad(), mg.autograd.no_state_update():
            model.eval()
            for name, module in model.named_modules():
                if isinstance(module, BatchNorm):
                    module.train()
                    handles.append(module.register_forward_pre_hook(watch.before_norm(name)))
                elif isinstance(module, (*AFFINE, nn.Dropout)):
                    handles.append(module.register_forward_hook(watch.after_layer(name)))
            if isinstance(x, Tensor) and x.dtype.kind == "f":
                # So that something flows back in a model that is frozen, too; and not a leaf, as
                # the model may assign to what it is handed.
                x = mg.positive(x.detach().requires_grad_())
            y = model(x)
            watch.is_over = True
            gradients = gradients_of(y, watch.outputs)
    finally:
        for handle in handles:
            handle.remove()
    places = [place_of(output, gradients) for output in watch.outputs]
    return Seen(places, watch.runs, watch.single, sizes_of(watch.outputs, gradients))


def gradients_of(y: Any, outputs: list[Output]) -> dict[int, Array]:
    """By id: the gradients of outputs, of what batch norms received of them, and of parameters.

    They are those of a random combination of what the model returned.
    """
    targets = [t for t in tensors_in(y) if t.requires_grad and t.dtype.kind == "f"]
    wanted = [o.tensor for o in outputs] + [t for o in outputs for *_, t in o.received]
    wanted += [p for o in outputs for p in o.layer.parameters(recurse=False)]
    inputs = list({id(t): t for t in wanted if t.requires_grad}.values())
    if not targets or not inputs:
        return {}
    rng = np.random.default_rng(0)
    cotangents = [
        mg.asarray(rng.standard_normal(t.shape).astype(t.dtype), device=t.device) for t in targets
    ]
    found = mg.autograd.grad(targets, inputs, cotangents, allow_unused=True)
    return {id(t): g.numpy() for t, g in zip(inputs, found, strict=True) if g is not None}


def tensors_in(y: Any) -> Iterator[Tensor]:
    """The Tensors of a result, in containers or not."""
    waiting = [y]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, tuple | list):
            waiting.extend(item)


def place_of(output: Output, gradients: Mapping[int, Array]) -> Place:
    """An output of the run as a place, judged by what flowed back to it."""
    whole = gradients.get(id(output.tensor))
    parts = [gradients[id(t)] for *_, t in output.received if id(t) in gradients]
    useless = (
        whole is not None
        and len(parts) > 0
        and all(takes_off(norm, output.layer, t.ndim) for _, norm, t in output.received)
        and np.array_equal(whole, sum(parts[1:], parts[0]), equal_nan=True)
    )
    return Place(output.name, output.layer, [name for name, *_ in output.received], useless)


def sizes_of(
    outputs: list[Output], gradients: Mapping[int, Array]
) -> dict[int, tuple[float, float]]:
    """How large the gradients of bias and weight are, by the id of the layer that has both."""

    def size(parameter: Any) -> float:
        return float(np.max(np.abs(gradients[id(parameter)]), initial=0.0))

    return {
        id(o.layer): (size(o.layer.bias), size(o.layer.weight))
        for o in outputs
        if isinstance(o.layer, AFFINE)
        if id(o.layer.bias) in gradients and id(o.layer.weight) in gradients
    }
