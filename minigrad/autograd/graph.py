"""Derivatives of graphs: `backward` fills the leaves, `grad` returns what it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from threading import Lock
from typing import Any

from ..backends import Device
from ..tensor import Barrier, Tensor, namespace
from .complex import through_the_door
from .modes import enable_grad
from .search import reachable, refuse, visited
from .walk import walk

__all__ = ["backward", "grad"]

accumulation = Lock()
"""Threads may share leaves: no gradient is lost when several of them add theirs to `grad`."""


def backward(tensor: Tensor, gradient: Any = None, *, retain_graph: bool = False) -> None:
    """Add the derivatives of `tensor` to the `grad` of every leaf it was computed from.

    `gradient` is the cotangent: a Tensor, array or number of `tensor`'s shape; only a Tensor with
    one element may go without. The gradients are of first order: they have no graph themselves.
    Threads may add to the `grad` of the same leaves, each from a graph of its own; in which order
    they do, and so how the sums are rounded, is open.
    Raises ValueError for a tensor that does not require grad or a gradient of another shape,
    RuntimeError for a graph already freed, a leaf that changed, or a derivative of a gradient that
    was computed without `create_graph`.
    """
    cotangent = seed("backward", tensor, gradient)
    nodes = visited("backward", tensor.node)
    start = {tensor.node: through_the_door(tensor.device, cotangent.data)}
    arrived = walk(nodes, start, retain_graph=retain_graph)
    barrier = Barrier()
    lent = {id(cotangent.data): cotangent.data}
    with accumulation:
        for leaf, g in arrived.items():
            target = leaf.tensor()
            if target is None:
                continue
            device = target.device
            if g.dtype not in device.backend.floats:  # but complex
                g = through_the_door(device, g)
            if target.grad is None:
                g = owned(device, g, lent)
            else:
                g = owned(device, target.grad.data + g, {})
            target.grad = Tensor(g, device, barrier)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, one Tensor each, `grad` untouched.

    `grad_outputs` holds a cotangent for each output; those with one element may go without. With
    `create_graph` the gradients are recorded and can be differentiated again, to any order;
    `retain_graph` (the value of `create_graph` unless given) keeps the graph for another walk.
    Raises ValueError for an input that does not require grad, or that the outputs do not depend
    on unless `allow_unused`, which returns None for it; otherwise as `backward`.
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not isinstance(grad_outputs, list | tuple):
        grad_outputs = [grad_outputs] * len(outputs)
    if len(grad_outputs) != len(outputs):
        raise ValueError(f"grad: {len(outputs)} outputs, but {len(grad_outputs)} grad_outputs")
    for what, given in (("output", outputs), ("input", inputs)):
        for i, x in enumerate(given):
            if not isinstance(x, Tensor):
                raise TypeError(f"grad: {what} {i} is a {type(x).__name__}, not a Tensor")
    for i, x in enumerate(inputs):
        if not x.requires_grad:
            raise ValueError(
                f"grad: input {i} does not require grad; make it with requires_grad=True"
            )
    retain_graph = create_graph if retain_graph is None else retain_graph

    seeds = [seed("grad", y, g) for y, g in zip(outputs, grad_outputs, strict=True)]
    cotangents: dict[Any, Any] = {}
    with enable_grad():
        for y, g in zip(outputs, seeds, strict=True):
            g = through_the_door(y.device, g)
            cotangents[y.node] = cotangents[y.node] + g if y.node in cotangents else g
    if not create_graph:
        cotangents = {node: g.data for node, g in cotangents.items()}

    targets = {x.node for x in inputs}
    nodes = reachable(cotangents)
    wanted: set[Any] = set(targets)
    walked = []
    for node in nodes:
        if not wanted.isdisjoint(node.parents):
            wanted.add(node)
            walked.append(node)
    barriers = (n for n in reachable(cotangents, stop=targets) if isinstance(n, Barrier))
    refuse("grad", [*barriers, *walked])
    with enable_grad():
        arrived = walk(
            [node for node in nodes if node in wanted],
            {node: g for node, g in cotangents.items() if node in wanted},
            targets=targets,
            wanted=wanted,
            create_graph=create_graph,
            retain_graph=retain_graph,
        )
        return collect(inputs, arrived, seeds, create_graph, allow_unused)


def collect(
    inputs: list[Tensor],
    arrived: dict[Any, Any],
    seeds: list[Tensor],
    create_graph: bool,
    allow_unused: bool,
) -> tuple[Tensor | None, ...]:
    """What arrived at each input, as Tensors that share no memory."""
    barrier = Barrier()
    lent = {id(g.data): g.data for g in seeds}
    gradients: list[Tensor | None] = []
    for i, x in enumerate(inputs):
        g = arrived.get(x.node)
        if g is None:
            if not allow_unused:
                raise ValueError(
                    f"grad: the outputs do not depend on input {i}; allow_unused=True gives None"
                )
            gradients.append(None)
            continue
        g = through_the_door(x.device, g)
        if create_graph:
            # Copied as an operation: a copy behind the graph's back would be another value.
            if id(g.data) in lent or x.device.backend.is_view(g.data):
                g = namespace.asarray(g, copy=True)
            lent[id(g.data)] = g.data
            gradients.append(g)
        else:
            gradients.append(Tensor(owned(x.device, g, lent), x.device, barrier))
    return tuple(gradients)


def owned(device: Device, array: Any, lent: dict[int, Any]) -> Any:
    """An array to hand out: a copy if it may share memory with one in `lent`, which it joins."""
    backend = device.backend
    if array.__class__ is not backend.array_type:
        array = backend.asarray(array, device=device)
    elif id(array) in lent or backend.is_view(array):
        array = backend.copy(array)
    lent[id(array)] = array
    return array


def seed(what: str, y: Tensor, gradient: Any) -> Tensor:
    """The cotangent that a walk starts with, checked against the output it belongs to."""
    node, raw = y.node, y.data
    if node is None or not node.differentiable:
        hint = (
            f"it was computed from {node.reason}"
            if node
            else ("none of the Tensors it was computed from does, or it was computed under no_grad")
        )
        raise ValueError(f"{what}: this Tensor does not require grad: {hint}")
    if gradient is None:
        if prod(raw.shape) != 1:
            raise ValueError(
                f"{what}: a Tensor of shape {y.shape} needs a gradient (cotangent) of that shape; "
                "only one with a single element can go without"
            )
        backend = y.device.backend
        if raw.dtype not in backend.floats and y.dtype.kind == "c":
            raise ValueError(
                f"{what}: {y.dtype} needs a gradient (cotangent); only a real number can go "
                "without, such as mg.real(y) or mg.abs(y)"
            )
        one = backend.asarray(1.0, dtype=raw.dtype, device=y.device)
        return Tensor(backend.xp.reshape(one, raw.shape) if raw.shape else one, y.device)
    if not isinstance(gradient, Tensor):
        gradient = namespace.asarray(gradient, dtype=y.dtype, device=y.device)
    if gradient.data.shape != raw.shape:
        raise ValueError(
            f"{what}: gradient of shape {gradient.shape} for a Tensor of shape {y.shape}"
        )
    if gradient.device is not y.device:
        raise ValueError(f"{what}: gradient on {gradient.device} for a Tensor on {y.device}")
    if gradient.data.dtype == raw.dtype:
        return gradient
    return namespace.astype(gradient, y.dtype)
