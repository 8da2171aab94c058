"""Fused kernels, held to the definitions that they stand for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from ..kernels import assert_kernels_equal
from ..record import OpRecord
from ..strategies.arrays import layouts, seeds
from .checks import Check

__all__ = ["checks"]


def kernels_equal_the_definition(record: OpRecord, device: Any, data: Any) -> None:
    """Value and gradients, in float32 and float64, laid out in any way, also without elements."""
    name = device.backend.name
    parts = [] if record.primitive is None else record.primitive.array_functions
    if not any(name in part.kernels for part in parts):
        pytest.skip(f"{record} has no kernel on {name}")
    sides = data.draw(st.sampled_from([(1, 2, 3), (0, 2), (1, 5)]))
    case, seed = data.draw(record.draw(sides)), data.draw(seeds)
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    assert_kernels_equal(record, case, seed, device, dtype=dtype, layout=data.draw(layouts))


def has_kernels(record: OpRecord) -> bool:
    """Whether some part of the operation has a kernel on some backend."""
    return record.primitive is not None and bool(record.primitive.array_functions)


quiet = pytest.mark.filterwarnings("ignore::RuntimeWarning")

checks = [Check(kernels_equal_the_definition, 0.5, has_kernels, (quiet,))]
