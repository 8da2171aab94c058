"""Walks over a module and everything below it. None of them recurses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from ..tensor import Tensor
from .attributes import Attributes
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

__all__ = ["Tree"]

T = TypeVar("T")


class Tree(Attributes):
    """A module as the root of a tree of modules: names are paths, joined by dots."""

    def named_modules(
        self, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and every one below it, parents first."""
        return once(self._descend(prefix)) if remove_duplicate else self._descend(prefix)

    def _descend(self, prefix: str) -> Iterator[tuple[str, Module]]:
        waiting: list[tuple[str, Module]] = [(prefix, self)]  # type: ignore[list-item]
        while waiting:
            path, module = waiting.pop()
            yield path, module
            below = [(join(path, name), child) for name, child in module._children()]
            waiting.extend(reversed(below))

    def _bottom_up(self) -> Iterator[Module]:
        """This module and every one below it, children before their parents."""
        waiting: list[Module] = [self]  # type: ignore[list-item]
        parents_first: list[tuple[str, Module]] = []
        while waiting:
            module = waiting.pop()
            parents_first.append(("", module))
            waiting.extend(child for _, child in module._children())
        return (module for _, module in once(parents_first[::-1]))

    def modules(self) -> Iterator[Module]:
        """This module and every one below it, parents first."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that this one is made of, not those below them."""
        return once(self._children())

    def children(self) -> Iterator[Module]:
        """The modules that this one is made of, not those below them."""
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its path; only this module's own unless `recurse`."""
        found = self._gather(Attributes._own_parameters, prefix, recurse)
        return once(found) if remove_duplicate else found

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter, once; only this module's own unless `recurse`."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its path; only this module's own unless `recurse`."""
        found = self._gather(Attributes._own_buffers, prefix, recurse)
        return once(found) if remove_duplicate else found

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer, once; only this module's own unless `recurse`."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def _gather(
        self, own: Callable[[Module], Iterator[tuple[str, T]]], prefix: str, recurse: bool
    ) -> Iterator[tuple[str, T]]:
        modules = self._descend(prefix) if recurse else [(prefix, self)]
        return (
            (join(path, name), value)
            for path, module in modules
            for name, value in own(module)  # type: ignore[arg-type]
        )

    def get_submodule(self, target: str) -> Module:
        """The module whose path is `target`; this one for an empty path.

        Raises AttributeError if there is none.
        """
        module: Module = self  # type: ignore[assignment]
        for name in target.split(".") if target else ():
            below = dict(module._children())
            if name not in below:
                raise AttributeError(
                    f"get_submodule: {type(module).__name__} has no child {name!r} on the path "
                    f"{target!r}; it has {list(below)}"
                )
            module = below[name]
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter whose path is `target`. Raises AttributeError if there is none."""
        return self._get(target, Attributes._own_parameters, "parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer whose path is `target`. Raises AttributeError if there is none."""
        return self._get(target, Attributes._own_buffers, "buffer")

    def _get(self, target: str, own: Callable[[Module], Iterator[tuple[str, T]]], kind: str) -> T:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = dict(own(module))
        if name not in found:
            raise AttributeError(
                f"get_{kind}: {type(module).__name__} has no {kind} {name!r}; it has {list(found)}"
            )
        return found[name]


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def once(named: Iterator[tuple[str, T]] | list[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """What is named more than once, under its first name only."""
    seen: set[int] = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value
