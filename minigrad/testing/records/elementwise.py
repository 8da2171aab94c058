"""Records of functions that work element by element and have a derivative."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import OpRecord, named
from ..strategies.calls import broadcasting, one_array
from .kinds import binary, unary

__all__ = ["records"]

positive = Domain(0.2, 4.0)
inside = Domain(-0.75, 0.75)
not_zero = Domain(away=(0.0,))
far_from_zero = Domain(away=(0.0,), margin=0.4)
whole = tuple(map(float, range(-4, 5)))
halves = tuple(n + 0.5 for n in range(-4, 4))
# Two lattices a quarter apart never tie; quarters over odd numbers are never whole.
even, odd = Domain(step=0.5), Domain(step=0.5, offset=0.25)
odd_numbers = Domain(-4, 4, step=2.0, offset=1.0)
condition = Domain(kind="b")


def exponents(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, float]:
    return {"exponent": draw(st.sampled_from([0, 1, 3, -1, 0.5, 2.5, -1.5]))}


smooth = [
    unary(mg.positive),
    unary(mg.negative),
    unary(mg.square),
    unary(mg.reciprocal, far_from_zero),
    unary(mg.sqrt, positive, kinks="infinite at 0"),
    unary(mg.exp),
    unary(mg.expm1),
    unary(mg.log, positive, kinks="infinite at 0"),
    unary(mg.log1p, Domain(-0.8, 4.0)),
    unary(mg.log2, positive),
    unary(mg.log10, positive),
    unary(mg.sin),
    unary(mg.cos),
    unary(mg.tan, Domain(-1.2, 1.2)),
    unary(mg.asin, inside),
    unary(mg.acos, inside),
    unary(mg.atan),
    unary(mg.sinh),
    unary(mg.cosh),
    unary(mg.tanh),
    unary(mg.asinh),
    unary(mg.acosh, Domain(1.2, 4.0)),
    unary(mg.atanh, inside),
    binary(mg.add),
    binary(mg.subtract),
    binary(mg.multiply),
    binary(mg.divide, Domain(), far_from_zero),
    binary(mg.logaddexp),
    binary(mg.atan2, far_from_zero, Domain()),
    binary(named("pow"), positive, Domain(-2, 2), kinks="0 by the base where the exponent is 0, "
           "0 by the exponent where the base is 0"),
    OpRecord(
        "power",
        named("power"),
        named("power"),
        one_array(positive, exponents),
        lambda x, exponent: x ** np.float64(exponent),
        lambda t, x, exponent: t.pow(x, exponent),
        kinks="0 where the exponent is 0",
        errors=(
            ErrorCase(
                lambda device: mg.pow(mg.asarray([1, 2], device=device), -1),
                ValueError,
                "pow: int64 to the power -1 is no integer; write -1.0 for floats",
            ),
        ),
    ),
]  # fmt: skip

kinked = [
    unary(mg.abs, not_zero, kinks="0 at 0"),
    unary(named("sign"), not_zero, kinks="0 everywhere"),
    unary(mg.floor, Domain(away=whole), kinks="0 everywhere"),
    unary(mg.ceil, Domain(away=whole), kinks="0 everywhere"),
    unary(mg.trunc, Domain(away=whole), kinks="0 everywhere"),
    unary(mg.round, Domain(away=halves), kinks="0 everywhere"),
    binary(mg.floor_divide, odd, odd_numbers,
           oracle=lambda t, a, b: t.div(a, b, rounding_mode="floor"), kinks="0 everywhere"),
    binary(mg.remainder, odd, odd_numbers, kinks="as between the jumps"),
    binary(mg.maximum, even, odd, kinks="a tie is shared equally"),
    binary(mg.minimum, even, odd, kinks="a tie is shared equally"),
    binary(mg.hypot, far_from_zero, Domain(), kinks="0 at the origin"),
    binary(mg.copysign, not_zero, not_zero, kinks="0 where the first is 0"),
    binary(
        named("clip_below"), even, odd, reference=np.maximum,
        oracle=lambda t, x, lo: t.clamp(x, min=lo), kinks="passes at the bound",
    ),
    binary(
        named("clip_above"), even, odd, reference=np.minimum,
        oracle=lambda t, x, hi: t.clamp(x, max=hi), kinks="passes at the bound",
    ),
    OpRecord(
        "where",
        named("where"),
        named("where"),
        broadcasting(condition, Domain(), Domain()),
        np.where,
        "where",
        errors=(
            ErrorCase(
                lambda device: mg.where(
                    mg.ones(2, device=device) > 0, mg.ones(3, device=device), 0.0
                ),
                ValueError,
                r"where: \(2,\) and \(3,\): shapes do not broadcast",
            ),
        ),
    ),
]  # fmt: skip

records = [*smooth, *kinked]
