"""What else happens when a Module is called: hooks before and after its forward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..handles import Hooks

if TYPE_CHECKING:
    from .module import Module

__all__ = ["ForwardHooks"]


class ForwardHooks:
    """The hooks of one Module, in the order in which they were registered."""

    def __init__(self) -> None:
        self.before: Hooks = {}
        self.after: Hooks = {}
        self.with_kwargs: set[int] = set()
        """The keys of the hooks before that see arguments by keyword, too."""

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The module's forward between its hooks; what a hook returns replaces what it saw."""
        for key, hook in list(self.before.items()):
            if key in self.with_kwargs:
                args, kwargs = hook(module, args, kwargs) or (args, kwargs)
                continue
            new = hook(module, args)
            if new is not None:
                args = new if isinstance(new, tuple) else (new,)
        output = module.forward(*args, **kwargs)
        for hook in list(self.after.values()):
            new = hook(module, args, output)
            if new is not None:
                output = new
        return output
