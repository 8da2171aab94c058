"""Records of functions whose value depends on the inputs, but which have no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import OpRecord, named
from ..strategies.calls import one_array
from .kinds import binary

__all__ = ["records"]

coarse = Domain(-2, 2, step=1.0)


def distinct_values(name: str) -> OpRecord:
    """The row of one of the standard's set functions, of which the first result is tested here."""
    function: Any = getattr(mg, name)
    values = (lambda x: function(x)) if name == "unique_values" else (lambda x: function(x).values)
    return OpRecord(
        name,
        named(name),
        values,
        one_array(coarse),
        np.unique,
        lambda t, x: t.unique(x),
        undefined=True,
        errors=(
            ErrorCase(lambda device: function([1.0]), TypeError, f"{name}: input 0 is a list"),
        ),
    )


records = [
    *[
        distinct_values(name)
        for name in ("unique_all", "unique_counts", "unique_inverse", "unique_values")
    ],
    binary(mg.nextafter, undefined=True),
]
