"""What a walk will visit, and whether it may: found out before anything is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Any

from ..tensor import Barrier, Leaf, Node
from .complex import has_complex_input, no_rule_for_complex

__all__ = ["reachable", "refuse", "visited"]

_index = attrgetter("index")


def reachable(roots: Iterable[Any], stop: Collection[Any] = ()) -> list[Any]:
    """Every node that `roots` were computed from, oldest first; nothing behind a node of `stop`."""
    found = set(roots)
    pending = list(found)
    for node in pending:  # grows while it is read
        if stop and node in stop:
            continue
        for parent in node.parents:
            if parent is not None and parent not in found:
                found.add(parent)
                pending.append(parent)
    return oldest_first(pending)


def visited(what: str, root: Any) -> list[Any]:
    """Every node that a walk from `root` visits, oldest first: all but the leaves.

    Raises as `refuse` does. One pass that only looks whether anything is the matter: what it is,
    a second one says.
    """
    found = {root}
    pending = [] if root.__class__ is Leaf else [root]
    doubtful = False
    for node in pending:  # grows while it is read
        inputs = node.inputs
        if inputs is None or (not node.primitive.complex and has_complex_input(node)):
            doubtful = True
            continue
        i = -1  # counted by hand, as the walk does
        for parent in node.parents:
            i += 1
            if parent is None:
                continue
            if parent.__class__ is Leaf:
                leaf = parent.tensor()
                if leaf is not None and inputs[i] is not leaf.data:
                    doubtful = True
            elif parent not in found:
                found.add(parent)
                pending.append(parent)
    if doubtful:
        refuse(what, reachable(found))
    return oldest_first(pending)


def oldest_first(nodes: list[Any]) -> list[Any]:
    """The nodes in the order in which they were made, which is a topological one."""
    nodes.sort(key=_index)
    return nodes


def refuse(what: str, nodes: Iterable[Any]) -> None:
    """Raise RuntimeError for a graph that can't be differentiated, before it is touched."""
    for node in nodes:
        kind = node.__class__
        if issubclass(kind, Barrier):
            raise RuntimeError(
                f"{what}: depends on {node.reason}, so it cannot be differentiated; "
                f"{node.way_out}, or detach() it if it is meant as a constant"
            )
        if kind is not Leaf:
            inputs = node.inputs
            if inputs is None:
                raise RuntimeError(
                    f"{what}: {node!r} was differentiated before, and its values are gone; "
                    "pass retain_graph=True the first time to go through it twice"
                )
            if not node.primitive.complex and has_complex_input(node):
                raise no_rule_for_complex(what, node)
            for i, parent in enumerate(node.parents):
                if parent.__class__ is Leaf:
                    leaf = parent.tensor()
                    if leaf is not None and leaf.data is not inputs[i]:
                        refuse_changed(what, node, i)


def refuse_changed(what: str, node: Node, i: int) -> None:
    """A leaf that got a new value since would make the gradient that of another computation."""
    if i in node.primitive.reads_for(node.parents).forms:
        return
    raise RuntimeError(
        f"{what}: input {i} of {node!r} has been assigned a new value since; "
        "call backward() before the update, or recompute the forward"
    )
