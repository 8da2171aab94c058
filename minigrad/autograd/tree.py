"""Nested containers of Tensors, flat and back: dicts, lists and tuples, to any depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["flatten", "flatten_like", "tree_map"]

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


def flatten_like(tree: Any, like: Any) -> list[Any]:
    """The leaves of `tree` in the order of those of `like`. Raises ValueError for another form."""
    if isinstance(like, dict):
        if isinstance(tree, dict) and tree.keys() == like.keys():
            return [leaf for key in like for leaf in flatten_like(tree[key], like[key])]
        raise ValueError(f"expected a dict with the keys {[*like]}, got {form(tree)}")
    if isinstance(like, list | tuple):
        if type(tree) is type(like) and len(tree) == len(like):
            pairs = zip(tree, like, strict=True)
            return [leaf for part, other in pairs for leaf in flatten_like(part, other)]
        raise ValueError(f"expected {form(like)}, got {form(tree)}")
    if isinstance(tree, dict | list | tuple):
        raise ValueError(f"expected a Tensor, got {form(tree)}")
    return [tree]


def form(tree: Any) -> str:
    """What kind of container a tree is, for an error."""
    if isinstance(tree, dict):
        return f"a dict with the keys {[*tree]}"
    if isinstance(tree, list | tuple):
        return f"a {type(tree).__name__} of {len(tree)}"
    return f"a {type(tree).__name__}"
