"""Rows of the common kinds: elementwise functions of one and two arguments, and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg
from tests.support.arrays import Domain

from .draw import Draw, any_axis, broadcasting, one_array
from .row import Bad, Row

__all__ = ["binary", "reduction", "unary"]


def unary(
    primitive: Any,
    domain: Domain = Domain(),
    *,
    name: str = "",
    numpy: Any = None,
    torch: Any = "",
    **more: Any,
) -> Row:
    """The row of an elementwise function of one argument."""
    name = name or primitive.name
    return Row(
        name,
        primitive,
        primitive,
        one_array(domain),
        numpy or getattr(np, name),
        name if torch == "" else torch,
        constant=primitive.constant,
        bad=(
            Bad(lambda device: primitive([1.0]), TypeError, "input 0 is a list, not a Tensor"),
            Bad(lambda device: primitive("x"), TypeError, f"{primitive.name}: input 0 is a str"),
        ),
        **more,
    )


def binary(
    primitive: Any,
    a: Domain = Domain(),
    b: Domain | None = None,
    *,
    name: str = "",
    numpy: Any = None,
    torch: Any = "",
    **more: Any,
) -> Row:
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

    return Row(
        name,
        primitive,
        primitive,
        broadcasting(a, a if b is None else b),
        numpy or getattr(np, name),
        name if torch == "" else torch,
        constant=primitive.constant,
        bad=(Bad(misfit, ValueError, clash),),
        **more,
    )


def reduction(
    primitive: Any,
    call: Any,
    domain: Domain = Domain(),
    *,
    numpy: Any = None,
    torch: Any = None,
    params: Draw = any_axis,
    **more: Any,
) -> Row:
    """The row of a function that reduces axes."""
    return Row(
        primitive.name,
        primitive,
        call,
        one_array(domain, params),
        numpy or getattr(np, primitive.name),
        torch,
        sums=True,
        constant=primitive.constant,
        bad=(
            Bad(
                lambda device: call(mg.ones((2, 3), device=device), axis=2),
                Exception,
                rf"^{primitive.name}: .*axis 2",
            ),
        ),
        **more,
    )
