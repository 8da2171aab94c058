"""The attributes of a module are its register.

Those that are `Parameter`s are learnt, those that are modules are its children, and the Tensors
that `register_buffer` named belong to its state although nothing learns them. There is no second
list to keep in step with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..tensor import Tensor
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

__all__ = ["Attributes"]


class Attributes:
    """What may be assigned to a module, and which of it are parameters, buffers and children."""

    _persistence: Mapping[str, bool] = MappingProxyType({})
    """The names of the buffers, and whether each is part of the state dict."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Attributes):
            self._adopt(name, value)
            return
        if not (value is None or isinstance(value, Parameter)):
            self._refuse_replacement(name, value)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        if name in self._persistence:
            rest = {n: p for n, p in self._persistence.items() if n != name}
            object.__setattr__(self, "_persistence", rest)

    def _refuse_replacement(self, name: str, value: Any) -> None:
        """A parameter, child or buffer must not silently become an ordinary attribute."""
        kept = self.__dict__.get(name)
        if isinstance(kept, Parameter):
            expected = "an nn.Parameter or None"
        elif any(name == child for child, _ in self._children()):
            expected = "an nn.Module or None"
        elif name in self._persistence and not isinstance(value, Tensor):
            expected = "a Tensor or None"
        else:
            return
        raise TypeError(
            f"{type(self).__name__}.{name}: expected {expected}, got a {type(value).__name__}; "
            "delete the attribute first if it is to become something else"
        )

    def add_module(self, name: str, module: Module | None) -> None:
        """Make `module` the child called `name`.

        Raises TypeError if it is no Module, KeyError for a name that is taken or not valid,
        ValueError if this module is below `module`.
        """
        self._check_free("add_module", name, Attributes)
        if module is not None and not isinstance(module, Attributes):
            raise TypeError(f"add_module: {name!r} is a {type(module).__name__}, not a Module")
        self._adopt(name, module)

    def _adopt(self, name: str, module: Any) -> None:
        if module is not None and any(m is self for m in module.modules()):
            raise ValueError(
                f"{type(self).__name__}.{name}: the {type(module).__name__} contains this very "
                "module, and a module can't be its own descendant"
            )
        self._set_child(name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make `param` the parameter called `name`; None keeps the place for one.

        Raises TypeError if it is no Parameter, KeyError for a name that is taken or not valid.
        """
        self._check_free("register_parameter", name, Parameter)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"register_parameter: {name!r} is a {type(param).__name__}; use nn.Parameter(...)"
            )
        object.__setattr__(self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make `tensor` state that is not learnt; in the state dict only if `persistent`.

        Raises TypeError if it is no Tensor, KeyError for a name that is taken or not valid.
        """
        if name not in self._persistence:
            self._check_free("register_buffer", name, ())
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"register_buffer: {name!r} is a {type(tensor).__name__}; use mg.tensor(...)"
            )
        object.__setattr__(self, "_persistence", {**self._persistence, name: persistent})
        object.__setattr__(self, name, tensor)

    def _check_free(self, what: str, name: str, kind: Any) -> None:
        """Raise unless `name` is valid and names nothing yet, or something of the same kind."""
        if not isinstance(name, str):
            raise TypeError(f"{what}: a name is a string, not {name!r}")
        if not name or "." in name:
            raise KeyError(f"{what}: {name!r} is no name: it must not be empty or contain a dot")
        taken = getattr(self, name, None)
        if taken is not None and not isinstance(taken, kind):
            raise KeyError(f"{what}: {type(self).__name__} has an attribute {name!r} already")

    # --- what is registered: a container of modules answers the first two differently -------------

    def _set_child(self, name: str, module: Module | None) -> None:
        object.__setattr__(self, name, module)

    def _children(self) -> list[tuple[str, Module]]:
        # A child is an Attributes because it is a Module; that class is defined two floors up.
        return [(n, m) for n, m in self.__dict__.items() if isinstance(m, Attributes)]  # type: ignore[misc]

    def _own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        return ((n, p) for n, p in self.__dict__.items() if isinstance(p, Parameter))

    def _own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        for name in self._persistence:
            tensor = self.__dict__.get(name)
            if isinstance(tensor, Tensor) and not isinstance(tensor, Parameter):
                yield name, tensor
