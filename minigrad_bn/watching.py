"""What feeds the batch norms of a model, seen in one run of it.

It is seen by the arrays that modules are handed, and proved by gradients: if batch norms are all
that an output reaches, then all of its gradient comes back through them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.extend import Tensor

from .feeding import Place, Seen, takes_off
from .folding import AFFINE
from .layers import BatchNorm
from .recalibration import modes_kept

__all__ = ["seen_in_a_run"]

Array = np.ndarray[Any, Any]


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
        def hook(norm: BatchNorm, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            x = args[0] if args else kwargs["input"]
            source = self.by_array.get(id(x.data))
            # A node of its own: what flows back to it is what flows back through this batch norm.
            x = x if source is None else mg.positive(x)
            if not self.is_over:
                self.runs[name] += 1
                if math.prod(x.shape[1:]) == x.shape[norm.settings.channel_axis % x.ndim]:
                    self.single.add(name)
                if source is not None:
                    source.received.append((name, norm, x))
            return ((x, *args[1:]), kwargs) if args else ((), {**kwargs, "input": x})

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
                    handles.append(
                        module.register_forward_pre_hook(watch.before_norm(name), with_kwargs=True)
                    )
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
