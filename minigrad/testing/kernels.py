"""Are fused kernels what they stand for? The definition, in float64, is the truth."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..backends import use_kernels
from .derivatives import cotangent_for, gradients, value
from .layout import lay_out
from .record import Case, OpRecord
from .tolerance import assert_close, largest

__all__ = ["assert_kernels_equal"]


def assert_kernels_equal(
    record: OpRecord,
    case: Case,
    seed: int,
    device: Any,
    *,
    dtype: str = "float64",
    layout: str = "C",
) -> Counter[str]:
    """Fail unless value and gradients of a call are the same with every kernel and with none.

    The call is made in `dtype`, its inputs and a random cotangent from `seed` laid out in memory as
    `layout` says; see `minigrad.testing.layout`. Returns which kernels ran, and how often: one that
    is not there declined, and nothing was tested of it.
    """
    rows_repeat = layout == "stride 0" and not record.ties
    layout = layout if rows_repeat or layout != "stride 0" else "C"
    wanted = [] if record.constant or record.undefined else record.wanted(case)
    call = lambda *xs: record.call(*xs, **case.params)
    inputs = [lay_out(x, layout) for x in case.cast(dtype).inputs]
    exact = Case(tuple(map(np.array, inputs)), {}).cast("float64").inputs
    expected, found = [], []
    with use_kernels("none"):
        y = value(call, exact, device)
        if wanted:
            exact_u = cotangent_for(y, np.random.default_rng(seed))
            u = lay_out(Case((exact_u,), {}).cast(dtype).inputs[0], layout)
            expected = gradients(call, exact, wanted, np.array(u, y.dtype), device)
    with use_kernels("all", least=0) as ran:
        fused = value(call, inputs, device)
        if wanted:
            found = gradients(call, inputs, wanted, u, device)
    what = f"{record}{case.params} in {dtype}, {layout}, by kernels {sorted(ran)}"
    magnitude = largest(*exact, y) * record.condition
    assert_close(fused, y, what, dtype=fused.dtype, terms=case.terms, magnitude=magnitude)
    for i, g, e in zip(wanted, found, expected, strict=True):
        reached = magnitude * record.condition * largest(u) * largest(e)
        by = f"{what}: gradient of input {i}"
        assert_close(g, e, by, dtype=g.dtype, terms=case.terms, magnitude=reached)
    return ran
