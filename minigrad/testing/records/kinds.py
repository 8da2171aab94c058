"""Records of the common kinds: elementwise functions of one and two arguments, and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import OpRecord
from ..strategies.calls import Draw, any_axis, broadcasting, one_array

__all__ = ["binary", "reduction", "unary"]


def unary(
    primitive: Any,
    domain: Domain = Domain(),
    *,
    name: str = "",
    reference: Any = None,
    oracle: Any = "",
    **more: Any,
) -> OpRecord:
    """The row of an elementwise function of one argument."""
    name = name or primitive.name
    return OpRecord(
        name,
        primitive,
        primitive,
        one_array(domain),
        reference or getattr(np, name),
        name if oracle == "" else oracle,
        constant=primitive.constant,
        errors=(
            ErrorCase(
                lambda device: primitive([1.0]), TypeError, "input 0 is a list, not a Tensor"
            ),
            ErrorCase(
                lambda device: primitive("x"), TypeError, f"{primitive.name}: input 0 is a str"
            ),
        ),
        **more,
    )


def binary(
    primitive: Any,
    a: Domain = Domain(),
    b: Domain | None = None,
    *,
    name: str = "",
    reference: Any = None,
    oracle: Any = "",
    **more: Any,
) -> OpRecord:
    """The row of an elementwise function of two arguments."""
    name = name or primitive.name
    clash = rf"{primitive.name}: \(2,\) and \(3,\): shapes do not broadcast: axis -1 has 2 and 3"

    def misfit(device: str) -> Any:
        make = {"f": mg.float32, "i": mg.int64, "b": mg.bool}
        first, second = a, a if b is None else b
        return primitive(
            mg.ones(2, dtype=make[first.kind], device=device),
            mg.ones(3, dtype=make[second.kind], device=device),
        )

    return OpRecord(
        name,
        primitive,
        primitive,
        broadcasting(a, a if b is None else b),
        reference or getattr(np, name),
        name if oracle == "" else oracle,
        constant=primitive.constant,
        errors=(ErrorCase(misfit, ValueError, clash),),
        **more,
    )


def reduction(
    primitive: Any,
    call: Any,
    domain: Domain = Domain(),
    *,
    reference: Any = None,
    oracle: Any = None,
    params: Draw = any_axis,
    **more: Any,
) -> OpRecord:
    """The row of a function that reduces axes."""
    return OpRecord(
        primitive.name,
        primitive,
        call,
        one_array(domain, params),
        reference or getattr(np, primitive.name),
        oracle,
        sums=True,
        constant=primitive.constant,
        errors=(
            ErrorCase(
                lambda device: call(mg.ones((2, 3), device=device), axis=2),
                Exception,
                rf"^{primitive.name}: .*axis 2",
            ),
        ),
        **more,
    )
