"""Nested containers of Tensors, flat and back: dicts, lists and tuples, to any depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["flatten", "structure", "tree_map"]

Rebuild = Callable[[list[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of a tree in order, and the function that builds the same tree of others."""
    if isinstance(tree, dict):
        keys, parts = list(tree), [flatten(v) for v in tree.values()]

        def build(children: list[Any]) -> Any:
            return dict(zip(keys, children, strict=True))

    elif isinstance(tree, list | tuple):
        parts = [flatten(v) for v in tree]
        named = type(tree) if hasattr(tree, "_fields") else None

        def build(children: list[Any]) -> Any:
            return named(*children) if named else type(tree)(children)

    else:
        return [tree], lambda leaves: leaves[0]

    def rebuild(leaves: list[Any]) -> Any:
        children, start = [], 0
        for part, rebuild_part in parts:
            children.append(rebuild_part(leaves[start : start + len(part)]))
            start += len(part)
        return build(children)

    return [leaf for part, _ in parts for leaf in part], rebuild


def tree_map(f: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with f applied to each leaf."""
    leaves, rebuild = flatten(tree)
    return rebuild([f(leaf) for leaf in leaves])


def structure(tree: Any) -> Any:
    """The tree with None for each leaf: equal for trees of the same form."""
    return tree_map(lambda leaf: None, tree)
