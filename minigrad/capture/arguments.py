"""What a step is called with: flat, named, and what of it a program depends on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..autograd.tree import flatten
from ..tensor import Tensor
from .references import PLAIN, References, array_form, form_of

__all__ = ["Arguments"]


class Arguments:
    """The leaves of the arguments of one call.

    `tensors` and `arrays` are the places of those whose values a program reads. A Tensor that the
    step refers to anyway, or that is given twice, is no argument but that very object; so is a
    module, which is looked into like all that a step refers to.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Any,
        kwargs: Any,
        roots: list[tuple[str, Any]],
        moving: frozenset[str],
    ) -> None:
        self.leaves, self.rebuild = flatten((args, kwargs))
        self.is_flat = not kwargs and not any(isinstance(x, dict | list | tuple) for x in args)
        self.names = list(names_of(function, args, kwargs))
        named = list(zip(self.names, self.leaves, strict=True))
        objects = [pair for pair in named if not isinstance(pair[1], (*PLAIN, Tensor, np.ndarray))]
        self.refs = refs = References([*roots, *objects], moving)
        self.tensors: list[int] = []
        self.arrays: list[int] = []
        key: list[Any] = [refs.key, shape_of((args, kwargs))]
        seen = {number: place for number, (place, _) in refs.met.items()}
        for i, (name, x) in enumerate(named):
            if isinstance(x, PLAIN):
                key.append((type(x), x))
            elif id(x) in seen:
                key.append(seen[id(x)])
            elif isinstance(x, Tensor):
                self.tensors.append(i)
                key.append((type(x), form_of(name, x)))
            else:
                self.arrays.append(i)
                key.append((type(x), array_form(x)))
            seen.setdefault(id(x), len(seen))
        self.key = tuple(key)


def shape_of(tree: Any) -> Any:
    """The containers of a tree, without their leaves."""
    if isinstance(tree, dict):
        return type(tree), tuple([(key, shape_of(value)) for key, value in tree.items()])
    if isinstance(tree, list | tuple):
        return type(tree), tuple([shape_of(value) for value in tree])
    return None


def names_of(function: Callable[..., Any], args: Any, kwargs: Any) -> Iterator[str]:
    """A name for each leaf: that of the parameter, and the path inside it."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = [p.name for p in parameters if p.kind in kinds]
    for i, arg in enumerate(args):
        yield from paths(names[i] if i < len(names) else f"argument_{i}", arg)
    for name, arg in kwargs.items():
        yield from paths(name, arg)


def paths(name: str, tree: Any) -> Iterator[str]:
    if isinstance(tree, dict | list | tuple):
        pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, value in pairs:
            yield from paths(f"{name}.{key}", value)
    else:
        yield name
