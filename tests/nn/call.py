"""A call of a function that minigrad.nn.functional and torch.nn.functional share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.testing.tolerance import largest

__all__ = ["Call"]


@dataclass(frozen=True)
class Call:
    """`name(*args, **kwargs)`, in which the NumPy arrays stand for tensors of either library.

    Floating arrays are differentiated, except those under a keyword of `constants`. `steepness`
    bounds the slope of the steepest step inside the function, where that is more than 1: rounding
    is magnified by it, once for each order of differentiation.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    constants: tuple[str, ...] = ()
    steepness: float = 1.0

    @property
    def inputs(self) -> list[np.ndarray[Any, Any]]:
        """The arrays, in the order of the arguments."""
        return [a for a in (*self.args, *self.kwargs.values()) if isinstance(a, np.ndarray)]

    @property
    def wanted(self) -> list[int]:
        """The numbers of the inputs that are differentiated."""
        constant = [id(self.kwargs[name]) for name in self.constants if name in self.kwargs]
        return [
            i for i, a in enumerate(self.inputs) if a.dtype.kind == "f" and id(a) not in constant
        ]

    def of(self, functional: Any) -> Callable[..., Any]:
        """The call as a function of its inputs, in one library's namespace of functions."""

        def function(*inputs: Any) -> Any:
            given = iter(inputs)
            put = lambda a: next(given) if isinstance(a, np.ndarray) else a
            args = [put(a) for a in self.args]
            kwargs = {name: put(a) for name, a in self.kwargs.items()}
            return getattr(functional, self.name)(*args, **kwargs)

        return function

    def cast(self, dtype: str) -> Call:
        """The same call in another floating dtype."""

        def convert(a: Any) -> Any:
            return a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a

        args = tuple(convert(a) for a in self.args)
        kwargs = {name: convert(a) for name, a in self.kwargs.items()}
        return Call(self.name, args, kwargs, self.constants, self.steepness)

    @property
    def terms(self) -> int:
        """No sum inside has more terms than the inputs have elements."""
        return max(1, sum(a.size for a in self.inputs))

    def magnitude(self, *others: Any, order: int = 0) -> float:
        """What intermediate results reach: products of two inputs, and the values of `others`."""
        floats = [a for a in self.inputs if a.dtype.kind == "f"]
        found = largest(*floats) ** 2 * self.steepness ** (order + 1)
        for values in others:
            found *= largest(*values) if isinstance(values, Sequence) else largest(values)
        return found
