"""The walk: from the cotangents of some results back to the nodes they were computed from.

Nodes are numbered as they are made, so counting down is a topological order, and no recursion is
needed. At each node the rules run over an interpreter `xp`: the backend's own namespace on raw
arrays, or, under `create_graph`, minigrad itself on Tensors. Everything at the edges of a rule
happens here and only here: un-broadcasting, dtype, the assertion of shapes, accumulation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property, partial
from typing import Any

from ..broadcasting import unbroadcast
from ..tensor import Form, Node, Tensor, namespace
from .anomaly import watching
from .complex import no_rule_for_complex
from .hooks import run_hooks

__all__ = ["walk"]


def walk(
    nodes: list[Any],
    cotangents: dict[Any, Any],
    *,
    targets: Collection[Any] = (),
    wanted: set[Any] | None = None,
    create_graph: bool = False,
    retain_graph: bool = False,
) -> dict[Any, Any]:
    """Carry `cotangents` from node to node, newest first; return those of leaves and `targets`.

    `nodes` (oldest first) and `cotangents` are consumed. With `wanted`, only its nodes receive a
    cotangent. Cotangents are raw arrays, or Tensors under `create_graph`. Unless `retain_graph`,
    each node forgets its values once visited.
    """
    arrived: dict[Any, Any] = {}
    watch = watching.get()
    while nodes:
        node = nodes.pop()
        g = cotangents.pop(node, None)
        if g is None:
            continue
        if node.hooks:
            g = run_hooks(node, g, create_graph)
        parents = node.parents
        if wanted is not None:
            if node in targets:
                arrived[node] = g
            parents = [parent if parent in wanted else None for parent in parents]
            if not any(parents):
                continue

        if node.__class__ is not Node:
            node.remember()  # a checkpoint had let its values go
        if create_graph:
            xp, y, residuals, inputs = as_tensors(node)
        else:
            xp = node.device.backend.xp
            y, residuals, inputs = node.output, node.residuals, node.inputs
        gradients: Any = node.primitive.pull_back(xp, g, y, residuals, inputs, node.params, parents)
        i = -1  # counted by hand: enumerate and zip would cost as much as the rules
        for parent in parents:
            i += 1
            if parent is None:
                continue
            gradient, x = gradients[i], inputs[i]
            try:
                fits = gradient.shape == x.shape and gradient.dtype == x.dtype
            except AttributeError:
                raise not_a_gradient(node, i, gradient) from None
            if not fits:
                gradient = fit(xp, node, i, gradient, x, g)
            if parent in cotangents:
                gradient = cotangents[parent] + gradient
            cotangents[parent] = gradient
            if watch is not None:
                watch.gradient(node, i, g, gradient)
        if not retain_graph:
            node.inputs = node.output = node.residuals = None
        # No array of this node may outlive its visit.
        del g, y, residuals, inputs, gradients, gradient, x

    # The cotangents that no node took are those of leaves.
    for leaf, g in cotangents.items():
        arrived[leaf] = run_hooks(leaf, g, create_graph) if leaf.hooks else g
    return arrived


def fit(xp: Any, node: Node, i: int, gradient: Any, x: Any, g: Any) -> Any:
    """A gradient in the shape and dtype of its input; only elementwise ones are summed to it.

    A real input among complex ones receives the real part.
    """
    if node.primitive.broadcasts and gradient.shape == g.shape:
        gradient = unbroadcast(xp, gradient, x.shape)
    if gradient.shape != x.shape:
        raise RuntimeError(
            f"gradient of {node.primitive.name!r} for input {i} has shape {gradient.shape}, "
            f"expected {x.shape}; {node.line}"
        )
    if gradient.dtype == x.dtype:
        return gradient
    if xp.isdtype(gradient.dtype, "complex floating") and xp.isdtype(x.dtype, "real floating"):
        if not node.primitive.complex:
            raise no_rule_for_complex("backward", node)
        gradient = xp.real(gradient)
    return xp.astype(gradient, x.dtype)


def not_a_gradient(node: Node, i: int, gradient: Any) -> Exception:
    """What is wrong with a rule that returned no array."""
    if not node.primitive.written:
        return TypeError(f"{node!r}, has no derivative; detach() its result if it is a constant")
    if gradient is None:
        return TypeError(
            f"{node!r}, has no derivative by input {i}; detach() it if it is a constant"
        )
    return TypeError(
        f"gradient of {node.primitive.name!r} for input {i} is a {type(gradient).__name__}, "
        f"no array; its rule has to return one; {node.line}"
    )


def as_tensors(node: Node) -> tuple[Any, Any, Any, list[Any]]:
    """The interpreter, output, residuals and inputs of a node, for a gradient that is recorded.

    Residuals are rebuilt from the inputs: as raw arrays they would count as constants.
    """
    device, backend = node.device, node.device.backend
    inputs: list[Any] = []
    for x, parent in zip(node.inputs or (), node.parents, strict=True):
        if x.__class__ is Form:
            x = Form(x.shape, backend.canonical_dtype(x.dtype))
        elif hasattr(x, "dtype"):
            x = Tensor(x, device, parent)
        inputs.append(x)
    output = None if node.output is None else Tensor(node.output, device, node)
    residuals = Rebuilt(node, inputs) if node.primitive.residuals else ()
    return namespace, output, residuals, inputs


class Rebuilt(Sequence[Any]):
    """The residuals of a node as Tensors: its forward runs again once a rule looks at them."""

    def __init__(self, node: Node, inputs: Sequence[Any]) -> None:
        assert node.primitive.forward is not None
        self.rebuild = partial(node.primitive.forward, namespace, *inputs, **node.params)

    @cached_property
    def found(self) -> tuple[Any, ...]:
        _, *residuals = self.rebuild()
        return tuple(residuals)

    def __getitem__(self, i: Any) -> Any:
        return self.found[i]

    def __len__(self) -> int:
        return len(self.found)
