"""The record of an operation: what it takes, what it should give, what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.primitive import Primitive, all_primitives

from .conduct import ErrorCase
from .strategies.arrays import SIDES

__all__ = ["Case", "OpRecord", "Sides", "named"]

Sides = Sequence[int]


def named(name: str, constant: bool = False) -> Primitive:
    """The primitive of that name; `constant` says which, where one has a derivative and one not."""
    (found,) = (p for p in all_primitives if p.name == name and p.constant == constant)
    return found


class Case(NamedTuple):
    """Inputs (NumPy arrays, floating ones in float64 or complex128) and parameters of one call."""

    inputs: tuple[np.ndarray[Any, Any], ...]
    params: dict[str, Any]

    def cast(self, dtype: str) -> Case:
        """The same call in another floating dtype, or the complex one of that precision."""
        kinds = {"f": np.dtype(dtype), "c": np.result_type(dtype, np.complex64)}
        return Case(
            tuple(x.astype(kinds.get(x.dtype.kind, x.dtype)) for x in self.inputs), self.params
        )

    @property
    def terms(self) -> int:
        """No sum inside has more terms than the inputs have elements."""
        return max(1, sum(x.size for x in self.inputs))


@dataclass(frozen=True, repr=False)
class OpRecord:
    """What drives the tests of one operation, and its line in a table of what is supported.

    `call(*tensors, **params)` is the operation as a user calls it; `primitive` what it records, or
    None for a function composed of others. `cases(sides)` draws calls whose axes have sizes from
    `sides`. `reference(*arrays, **params)` is the value's reference; `oracle` the name of PyTorch's
    function, or `(torch, *tensors, **params)`, or None where PyTorch has no such operation.
    `ties` says that equal elements are a kink, so that no input may be a repeated row. `sums` says
    that an element of the value adds up several of the input; `undefined` that the value depends on
    the inputs, but has no derivative: to ask for one is an error. `condition` bounds how much
    larger, relatively, a small change of the inputs comes out in the value: rounding is such a
    change, and every derivative magnifies it once more.
    """

    name: str
    primitive: Primitive | None
    call: Callable[..., Any]
    cases: Callable[[Sides], st.SearchStrategy[Case]]
    reference: Callable[..., Any]
    oracle: str | Callable[..., Any] | None = None
    kinks: str = ""
    ties: bool = False
    sums: bool = False
    constant: bool = False
    undefined: bool = False
    condition: float = 1.0
    errors: tuple[ErrorCase, ...] = field(default=())

    def wanted(self, case: Case) -> list[int]:
        """The inputs that have a derivative."""
        rules: Sequence[Any] = () if self.primitive is None else self.primitive.rules
        return [
            i
            for i, x in enumerate(case.inputs)
            if x.dtype.kind in "fc" and (i >= len(rules) or rules[i] is not None)
        ]

    def tensors(self, case: Case, device: Any, wanted: Sequence[int] = ()) -> list[mg.Tensor]:
        """The inputs as Tensors on a device (on the CPU sharing their memory)."""
        return [
            mg.asarray(x, device=device, requires_grad=i in wanted)
            for i, x in enumerate(case.inputs)
        ]

    def oracle_call(self, params: dict[str, Any]) -> Callable[..., Any]:
        """PyTorch's function of the inputs, the parameters filled in."""
        from .oracles import torch

        if callable(self.oracle):
            return lambda *xs: self.oracle(torch, *xs, **params)  # type: ignore[misc, operator]
        function: Any = torch
        for part in str(self.oracle).split("."):
            function = getattr(function, part)
        return lambda *xs: function(*xs, **params)

    def draw(self, sides: Sides = SIDES) -> st.SearchStrategy[Case]:
        """Calls whose axes have sizes from `sides`."""
        return self.cases(sides)

    def __repr__(self) -> str:
        return self.name
