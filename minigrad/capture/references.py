"""What a step refers to: found by looking, before it runs.

From its closure, its defaults, the globals that it names and the object that it is bound to,
through modules, optimisers, containers, functions and objects of the user's own, to the Tensors.
All else that is met on the way is part of the key: a program is for these values.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..nn.module import Module
from ..optim.optimizer import Optimizer
from ..tensor import Leaf, Node, Tensor
from ..where import is_ours
from .errors import CaptureError

__all__ = ["PLAIN", "References", "Slot", "array_form", "form_of", "grad_form", "stand_in"]

PLAIN = (int, float, complex, bool, str, bytes, type(None), np.dtype, np.generic, type, type(...))
Found = Iterable[tuple[str, Any]]


class Slot(NamedTuple):
    """A place in an optimiser's tables that holds a raw array, or a number that steps change.

    Where `entry` is given, it is that entry of a tuple: the first of the betas.
    """

    table: dict[str, Any]
    key: str
    owner: Any = None
    entry: int | None = None

    @property
    def name(self) -> str:
        """What it is called, beside its owner."""
        return self.key if self.entry is None else f"{self.key}_{self.entry}"

    @property
    def content(self) -> Any:
        """What stands there."""
        x = self.table[self.key]
        return x if self.entry is None else x[self.entry]

    @content.setter
    def content(self, new: Any) -> None:
        if self.entry is not None:
            whole = list(self.table[self.key])
            whole[self.entry] = new
            new = tuple(whole)
        self.table[self.key] = new


class Table(NamedTuple):
    """A dict or list whose entries a step may read. Only an optimiser's state may grow."""

    entries: Any
    name: str
    grows: bool = False


class References:
    """All that some roots lead to, in the order in which it is met.

    The hyperparameters that are `moving` are inputs of a program; the others are part of the key.
    """

    def __init__(self, roots: Found, moving: frozenset[str] = frozenset({"lr"})) -> None:
        self.moving = moving
        self.groups: list[dict[str, Any]] = []
        self.tensors: list[Tensor] = []
        self.tables: list[Table] = []
        self.slots: list[Slot] = []
        self.lifted: set[tuple[int, str]] = set()
        self.cells: list[Any] = []
        self.globals: list[tuple[dict[str, Any], str]] = []
        self.names: dict[int, str] = {}
        self.parts: list[Any] = []
        self.met: dict[int, tuple[int, Any]] = {}
        waiting = list(roots)[::-1]
        while waiting:
            name, thing = waiting.pop()
            if isinstance(thing, PLAIN):
                self.parts.append((type(thing), thing))
            elif id(thing) in self.met:
                self.parts.append(self.met[id(thing)][0])
            else:
                # The thing itself is kept, so that its id stays its own.
                self.met[id(thing)] = len(self.met), thing
                waiting.extend(list(self.look(name, thing))[::-1])
        self.key = tuple(self.parts)

    def numbers(self) -> dict[tuple[int, str], Any]:
        """The hyperparameters that are floats, or several: by number of their group, and name."""
        every = [(i, key, x) for i, group in enumerate(self.groups) for key, x in group.items()]
        return {(i, key): x for i, key, x in every if type(x) is float or is_floats(x)}

    def look(self, name: str, thing: Any) -> Found:
        """Note one thing, and return what it leads to."""
        kind = type(thing)
        if isinstance(thing, Tensor):
            self.tensors.append(thing)
            self.names[id(thing)] = name
            self.parts.append((kind, form_of(name, thing)))
            return ()
        if isinstance(thing, np.ndarray):
            raise CaptureError(
                f"capture: the step refers to the NumPy array {name!r}, whose values would be "
                "those of now for ever; hand it over as an argument, or make it a Tensor by "
                "mg.asarray(...) outside"
            )
        if isinstance(thing, Optimizer):
            self.parts.append(kind)
            return self.optimizer(name, thing)
        if isinstance(thing, Module):
            self.names[id(thing)] = name
            forward = kind.forward
            own = [] if is_ours[forward.__code__.co_filename] else [(name, forward)]
            return [*self.table(name, kind, vars(thing)), *own]
        if isinstance(thing, dict | list):
            return self.table(name.removesuffix("._items"), kind, thing)
        if isinstance(thing, tuple | set | frozenset):
            self.parts.append((kind, len(thing)))
            return [(join(name, i), value) for i, value in enumerate(thing)]
        if isinstance(thing, MethodType):
            self.parts.append(kind)
            return [("self", thing.__self__), (name, thing.__func__)]
        if isinstance(thing, functools.partial):
            self.parts.append(kind)
            return [(name, part) for part in (thing.func, thing.args, thing.keywords)]
        if isinstance(thing, FunctionType):
            return self.function(thing)
        if of_the_user(kind.__module__) and hasattr(thing, "__dict__"):
            return self.table(name, kind, vars(thing))
        self.parts.append(stand_in(thing))
        return ()

    def table(self, name: str, kind: type, entries: Any) -> Found:
        """The entries of a container, or the attributes of an object."""
        self.tables.append(Table(entries, name))
        every = entries.items() if isinstance(entries, dict) else enumerate(entries)
        pairs = [(key, value) for key, value in every if (id(entries), key) not in self.lifted]
        self.parts.append((kind, tuple([stand_in(key) for key, _ in pairs])))
        return [(join(name, key), value) for key, value in pairs]

    def optimizer(self, name: str, optimizer: Optimizer) -> Found:
        """Hyperparameters and parameters; of the state, and of what moves, only the form is key."""
        for group in optimizer.param_groups:
            self.groups.append(group)
            for key in sorted(self.moving & group.keys()):
                x = group[key]
                entries = range(len(x)) if isinstance(x, tuple) else [None]
                self.slots += [Slot(group, key, entry=entry) for entry in entries]
                self.lifted.add((id(group), key))
        self.tables.append(Table(optimizer.state, f"{name}.state", grows=True))
        found: list[tuple[str, Any]] = [(name, optimizer.param_groups)]
        for p, state in optimizer.state.items():
            found.append((name, p))
            self.tables.append(Table(state, f"{name}.state", grows=True))
            for key, value in state.items():
                self.slots.append(Slot(state, key, p))
                form = array_form(value) if isinstance(value, np.ndarray) else type(value)
                self.parts.append((key, form))
        own = {k: v for k, v in vars(optimizer).items() if k not in STANDARD}
        return [*found, *[(join(name, key), value) for key, value in own.items()]]

    def function(self, function: FunctionType) -> Found:
        """The closure, the defaults, and those globals of a function that its code names.

        What the functions of a library find in their modules is the library's own.
        """
        code = function.__code__
        self.parts.append(code)
        found: list[tuple[str, Any]] = []
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self.cells.append(cell)
            found.append((name, cell.cell_contents))
        found += [("default", value) for value in function.__defaults__ or ()]
        found += list((function.__kwdefaults__ or {}).items())
        if not of_the_user(function.__module__):
            return found
        known = function.__globals__
        for name in dict.fromkeys(names_in(code)):
            if name in known and not isinstance(known[name], ModuleType):
                self.globals.append((known, name))
                found.append((name, known[name]))
        # Modules first: a parameter has a better name there than in an optimiser.
        return sorted(found, key=lambda pair: not isinstance(pair[1], Module))


STANDARD = ("defaults", "param_groups", "state")


def is_floats(x: Any) -> bool:
    """Whether x is a tuple of floats, as a pair of betas is."""
    return type(x) is tuple and all(type(entry) is float for entry in x)


def names_in(code: CodeType) -> Iterator[str]:
    """The names that a code, and the functions inside it, ask the module for."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def join(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def of_the_user(module: str | None) -> bool:
    """Whether a module belongs to no library."""
    file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
    library = (module or "").partition(".")[0] in sys.stdlib_module_names and module != "__main__"
    return not (library or "site-packages" in file or is_ours[file])


def stand_in(thing: Any) -> Any:
    """What stands in a key for a thing that is not looked into: its value, or which one it is."""
    if isinstance(thing, PLAIN):
        return thing
    if isinstance(thing, Tensor) or getattr(type(thing), "__eq__", None) is object.__eq__:
        return id(thing)
    try:
        hash(thing)
    except TypeError:
        return id(thing)
    return type(thing), thing


def form_of(name: str, x: Tensor) -> Any:
    """All of a Tensor that a program depends on, but for its values."""
    node = x.node
    if isinstance(node, Node):
        raise CaptureError(
            f"capture: {name!r} is the result of {node!r}, so the graph of the step would begin "
            f"outside it; hand over {name}.detach(), or compute it inside the step"
        )
    if x.device.backend.name != "numpy":
        raise CaptureError(
            f"capture: {name!r} is on {x.device}, and a program is made of NumPy's calls; "
            "move it, as in x.to('cpu')"
        )
    hooks = tuple(map(id, (node.hooks or {}).values())) if isinstance(node, Leaf) else ()
    return array_form(x.data), type(node), hooks, grad_form(x)


def array_form(array: Any) -> Any:
    """Shape, dtype and layout; and whether it is an array, or NumPy's scalar."""
    return array.__class__, array.shape, array.dtype, array.strides


def grad_form(x: Tensor) -> Any:
    """The same for the gradient that a Tensor has; None if it has none."""
    return None if x.grad is None else array_form(x.grad.data)
