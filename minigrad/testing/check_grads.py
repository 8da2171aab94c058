"""`check_grads`: are the derivatives of this function right? In both modes, to any order.

The reverse mode is tried against finite differences, the forward mode against them and against the
reverse mode, by the identity <u, J v> = <J^T u, v>, which needs no differences at all. The order
above is the same check of the gradient, as a function of the inputs and of the cotangent.

Cotangents and directions are random. Under a cotangent of ones many a wrong rule looks right: the
gradient of a sum of batch-normalised values is 0 whatever the rule forgets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .failure import CheckFailure, wrong_gradient
from .functions import FlatFunction
from .numeric import Slope, UnsettledError, directional, precision_of
from .point import Point, cotangents, inner
from .tolerance import Tolerance, largest

__all__ = ["check_adjoint", "check_grads", "check_reverse"]

Array = np.ndarray[Any, Any]

MODES = ("rev", "fwd")


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = MODES,
    terms: int | None = None,
    device: Any = None,
    seed: int = 0,
) -> None:
    """Fail with an AssertionError unless the derivatives of `f` at `args` are right.

    `f` is a function of Tensors, a primitive, or a module (its parameters are inputs too, and its
    state is the same afterwards); it returns a Tensor or a container of them. `args` are Tensors,
    arrays, numbers and containers of them, best in float64: differences of float32 tell little. At
    a kink a subgradient between the derivatives from either side is accepted, of order 1 only.
    `terms` bounds how many terms one element of the value adds up (all elements of the inputs,
    unless given); `device` is where to compute, `seed` that of cotangents and directions.

    Raises ValueError for an order, a mode or arguments with which nothing would be checked.
    """
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown or not modes:
        raise ValueError(f"check_grads: modes are of {MODES}, got {tuple(modes)}")
    if order < 1:
        raise ValueError(f"check_grads: order {order}; the first is 1")
    flat = FlatFunction(f, args, device)
    total = terms or max(1, sum(v.size for v in flat.values))
    call = f"check_grads(f, *args, order={order}, modes={tuple(modes)}, seed={seed})"
    point = Point(flat, flat.values, flat.names, total, "check_grads", call)
    for level in range(1, order + 1):
        rng = np.random.default_rng([seed, level])
        if "rev" in modes:
            check_reverse(point, rng, level)
        if "fwd" in modes:
            check_forward(point, rng, level)
        if level < order:
            point = point.gradient(rng)


def check_adjoint(f: Callable[..., Any], *args: Any, device: Any = None, seed: int = 0) -> None:
    """Fail unless <u, J v> = <J^T u, v> for `f` at `args`: forward and reverse mode agree.

    No finite differences are needed. A rule that is wrong in both modes alike passes; `check_grads`
    finds that. Raises ValueError if no argument is floating.
    """
    flat = FlatFunction(f, args, device)
    total = max(1, sum(v.size for v in flat.values))
    call = f"check_adjoint(f, *args, seed={seed})"
    point = Point(flat, flat.values, flat.names, total, "check_adjoint", call)
    check_forward(point, np.random.default_rng([seed, 1]), 1, numeric=False)


def check_reverse(point: Point, rng: np.random.Generator, level: int) -> None:
    """The gradient under a random cotangent, against differences along a random direction."""
    us = cotangents(point.outputs(point.values), rng)
    found = point.pulled_back(us)
    for name, g, x in zip(point.names, found, point.values, strict=True):
        if (g.shape, g.dtype) != (x.shape, x.dtype):
            raise CheckFailure(
                f"{point.what}, order {level}, reverse mode: the gradient of {name} is "
                f"{g.shape} {g.dtype}, the input {x.shape} {x.dtype}",
                point,
            )
    size = sum(u.size for u in us)
    along = cotangents(point.values, rng)
    for i, x in enumerate(point.values):
        if x.size and size:
            direction = [v if k == i else np.zeros_like(v) for k, v in enumerate(along)]
            slope = slope_of(point, point.projected(us), direction, size, level)
            analytic = inner([found[i]], [along[i]])
            if not slope.allows(analytic):
                raise wrong_gradient(point, us, i, found[i], slope, analytic, level)


def check_forward(point: Point, rng: np.random.Generator, level: int, numeric: bool = True) -> None:
    """The derivative along a random direction: against differences, and the reverse mode."""
    ys = point.outputs(point.values)
    us, vs = cotangents(ys, rng), cotangents(point.values, rng)
    pushed, found = point.pushed_forward(vs), point.pulled_back(us)
    left, right = inner(us, pushed), inner(found, vs)
    size = sum(y.size for y in ys)
    if numeric and size and sum(v.size for v in vs):
        slope = slope_of(point, point.projected(us), vs, size, level)
        if not slope.allows(left):
            raise CheckFailure(
                f"{point.what}, order {level}, forward mode: the derivative along a random "
                f"direction, against a random cotangent, is {left:.17g} (minigrad), but "
                f"{float(slope.value):.17g} by finite differences, good to {slope.bound:.2g}",
                point,
            )
    magnitude = largest(*us, *vs) * max(largest(*pushed), largest(*found))
    dtype = precision_of(point.values)
    tolerance = Tolerance.derived(dtype, point.terms + size, magnitude=magnitude)
    if not abs(left - right) <= tolerance.allowed:
        raise CheckFailure(
            f"{point.what}, order {level}: <u, J v> by the forward mode is {left:.17g}, <J^T u, v> "
            f"by the reverse mode {right:.17g}; they may differ by {tolerance}",
            point,
        )


def slope_of(
    point: Point, f: Callable[..., Array], direction: list[Array], size: int, level: int
) -> Slope:
    """The derivative of f by differences; a gradient that has a kink or a jump has none."""
    try:
        slope = directional(f, point.values, direction, point.terms + size)
    except UnsettledError:
        slope = None
    if slope is not None and (level == 1 or slope.smooth.all()):
        return slope
    what = "the function" if level == 1 else f"the gradient of order {level - 1}"
    raise CheckFailure(
        f"{point.what}, order {level}: {what} has a kink, a jump or a pole here, where there is "
        "nothing to compare with; move the point away from it, or check a lower order",
        point,
    ) from None
