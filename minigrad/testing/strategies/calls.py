"""Calls of an operation: inputs that broadcast, one array with an axis, and their like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..domain import Domain
from ..record import Case, Sides
from .arrays import broadcastable_shapes, seeds, shapes

__all__ = [
    "any_axis",
    "inputs_from",
    "broadcasting",
    "one_array",
    "one_axis",
]

Cases = Callable[[Sides], st.SearchStrategy[Case]]
Draw = Callable[[st.DrawFn, tuple[int, ...]], dict[str, Any]]


def inputs_from(
    domains: tuple[Domain, ...], all_shapes: list[tuple[int, ...]], seed: int
) -> tuple[Any, ...]:
    """An array a domain, all from one seed."""
    rng = np.random.default_rng(seed)
    return tuple(
        np.asarray(d.values(rng, shape)) for d, shape in zip(domains, all_shapes, strict=True)
    )


def broadcasting(*domains: Domain) -> Cases:
    """Inputs of shapes that broadcast; no parameters."""

    @st.composite
    def cases(draw: st.DrawFn, sides: Sides) -> Case:
        found = draw(broadcastable_shapes(len(domains), sides=sides))
        return Case(inputs_from(domains, found, draw(seeds)), {})

    return cases


def one_array(
    domain: Domain = Domain(), params: Draw = lambda draw, shape: {}, min_dims: int = 0
) -> Cases:
    """One array of any shape; `params(draw, shape)` draws the parameters."""

    @st.composite
    def cases(draw: st.DrawFn, sides: Sides) -> Case:
        shape = draw(shapes(min_dims, 3, sides))
        return Case(inputs_from((domain,), [shape], draw(seeds)), params(draw, shape))

    return cases


def one_axis(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    """An axis, counted from either end."""
    return {"axis": draw(st.integers(-len(shape), len(shape) - 1))}


def any_axis(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    """The axis of a reduction: None, one, or several; and whether to keep it."""
    n = len(shape)
    several = st.lists(st.integers(0, n - 1), unique=True, max_size=n) if n else st.just([])
    axis = draw(
        st.one_of(st.none(), st.integers(-n, n - 1), several.map(tuple))
        if n
        else st.sampled_from([None, ()])
    )
    return {"axis": axis, "keepdims": draw(st.booleans())}
