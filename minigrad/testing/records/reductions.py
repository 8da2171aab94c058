"""Records of sums, moments, extrema, products and running sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import OpRecord, named
from ..strategies.calls import any_axis, one_array, one_axis
from .kinds import reduction

__all__ = ["records"]

distinct = Domain(distinct=True)
# Zeros, but nothing near them: where there are none, PyTorch divides by the elements.
some_zeros = Domain(-2, 2, away=(0.0,), margin=0.4, zeros=0.25)


def over(name: str) -> Any:
    """PyTorch's reduction `name` over one axis, several, or all."""

    def reduce(t: Any, x: Any, axis: Any, keepdims: bool, **more: Any) -> Any:
        function = getattr(t, name)
        if axis == ():
            if name in ("sum", "mean", "amax", "amin"):
                return x.clone()
            return x - x if name in ("var", "std") else x.clone()
        axes = tuple(range(x.ndim)) if axis is None else axis
        return function(x, dim=axes, keepdim=keepdims, **more)

    return reduce


def torch_prod(t: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """PyTorch multiplies over one axis at a time."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    for a in sorted((a % x.ndim for a in axes), reverse=True):
        x = t.prod(x, dim=a, keepdim=keepdims)
    return x


def moments(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    params = any_axis(draw, shape)
    if params["axis"] == ():
        params["axis"] = None
    return {**params, "correction": draw(st.sampled_from([0, 1, 0.5]))}


def at_least_two(cases: Any) -> Any:
    """Axes of size 1 left out: one element has no spread to differentiate."""
    return lambda sides: cases([n for n in sides if n != 1])


def spread(name: str) -> OpRecord:
    reference = getattr(np, name)
    return OpRecord(
        name,
        named(name),
        getattr(mg, name),
        at_least_two(one_array(distinct, moments, min_dims=1)),
        lambda x, axis, keepdims, correction: reference(
            x, axis=axis, keepdims=keepdims, ddof=correction
        ),
        over(name),
        ties=True,
        sums=True,
        kinks="0 where all elements are equal" if name == "std" else "",
        errors=(
            ErrorCase(
                lambda device: getattr(mg, name)(mg.ones((2, 3), device=device), axis=2),
                Exception,
                rf"^{name}: .*axis 2",
            ),
        ),
    )


def scan(name: str, domain: Domain, numpy: Any, torch: str) -> OpRecord:
    call = getattr(mg, name)
    return OpRecord(
        name,
        named(name),
        call,
        one_array(domain, one_axis, min_dims=1),
        numpy,
        lambda t, x, axis: getattr(t, torch)(x, dim=axis),
        sums=True,
        errors=(
            ErrorCase(
                lambda device: call(mg.ones((2, 3), device=device)),
                ValueError,
                rf"{name}: a Tensor of shape \(2, 3\) needs an axis",
            ),
            ErrorCase(
                lambda device: call(mg.ones((2, 3), device=device), axis=2),
                ValueError,
                f"{name}: axis 2 is out of bounds for 2 dimensions",
            ),
        ),
    )


records: list[OpRecord] = [
    reduction(named("sum"), mg.sum, oracle=over("sum")),
    reduction(named("mean"), mg.mean, oracle=over("mean")),
    spread("var"),
    spread("std"),
    reduction(named("prod"), mg.prod, some_zeros, oracle=torch_prod),
    reduction(
        named("max"), mg.max, distinct, oracle=over("amax"), ties=True,
        kinks="elements that tie share equally",
    ),
    reduction(
        named("min"), mg.min, distinct, oracle=over("amin"), ties=True,
        kinks="elements that tie share equally",
    ),
    scan("cumulative_sum", Domain(), np.cumulative_sum, "cumsum"),
    scan("cumulative_prod", some_zeros, np.cumulative_prod, "cumprod"),
]  # fmt: skip
