"""Modules of modules: in sequence, in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Self, overload

from .module import Module

__all__ = ["ModuleList", "Sequential"]


class Container(Module):
    """Modules in order, by name."""

    _items: dict[str, Module]

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "_items", {})

    def _set_child(self, name: str, module: Module | None) -> None:
        if module is None:
            self._items.pop(name, None)
        else:
            self._items[name] = module

    def _children(self) -> list[tuple[str, Module]]:
        return list(self._items.items())

    def __getattr__(self, name: str) -> Any:
        items = self.__dict__.get("_items", {})
        if name in items:
            return items[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        if name in self._items:
            del self._items[name]
        else:
            super().__delattr__(name)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._items.values())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Module | Self:
        if isinstance(index, slice):
            return self._sliced(list(self._items.items())[index])
        return self._items[self._name(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        self.add_module(self._name(index), module)

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._items)[index]
        for name in names if isinstance(names, list) else [names]:
            del self._items[name]
        self._renumber()

    def append(self, module: Module) -> Self:
        """Put `module` at the end; return the container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Put each of `modules` at the end; return the container."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> None:
        """Put `module` before the one at `index`; those after it move up by one."""
        rest = list(self)[index:]
        del self[index:]
        self.append(module).extend(rest)

    def _name(self, index: int) -> str:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{type(self).__name__}: no module {index} among {len(self)}")
        return list(self._items)[index]

    def _renumber(self) -> None:
        """Names that are numbers count on from 0, with no gap."""
        named = [(n, m) for n, m in self._items.items()]
        self._items.clear()
        for i, (name, module) in enumerate(named):
            self._items[str(i) if name.isdecimal() else name] = module

    def _sliced(self, items: list[tuple[str, Module]]) -> Self:
        raise TypeError(f"{type(self).__name__} has no slices")


class Sequential(Container):
    """Modules one after another: each takes what the one before it returns.

    Takes modules, which get the names "0", "1" …, or one dict of names and modules.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0] if len(args) == 1 and isinstance(args[0], Mapping) else None
        for name, module in named.items() if named is not None else enumerate(args):
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        for module in self._items.values():
            input = module(input)
        return input

    def _sliced(self, items: list[tuple[str, Module]]) -> Self:
        return type(self)(dict(items))


class ModuleList(Container):
    """A list of modules, for a `forward` to go through as it likes."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def _sliced(self, items: list[tuple[str, Module]]) -> Self:
        return type(self)(module for _, module in items)

    def _describe(self, children: list[tuple[str, str]]) -> str:
        """Neighbours that look the same share a line."""
        folded = []
        for text, run in groupby(children, key=lambda child: child[1]):
            names = [name for name, _ in run]
            if len(names) > 1:
                folded.append((f"{names[0]}-{names[-1]}", f"{len(names)} x {text}"))
            else:
                folded.append((names[0], text))
        return super()._describe(folded)
