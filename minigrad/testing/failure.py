"""What a failing check says: which derivative, by how much, and how to see it again."""

from __future__ import annotations

from typing import Any

import numpy as np

from .numeric import Slope, full_jacobian
from .point import Point

__all__ = ["CheckFailure", "wrong_gradient"]

Array = np.ndarray[Any, Any]

SHOWN = 64
"""A Jacobian is shown whole up to so many entries."""


class CheckFailure(AssertionError):
    """A derivative is wrong. `arrays` holds the point where, by the names of the inputs."""

    def __init__(self, text: str, point: Point) -> None:
        super().__init__(f"{text}\n{reproduce(point)}")
        self.arrays = dict(zip(point.names, point.values, strict=True))


def wrong_gradient(
    point: Point,
    us: list[Array],
    i: int,
    gradient: Array,
    slope: Slope,
    analytic: float,
    level: int,
) -> CheckFailure:
    """What a wrong gradient looks like: which one, by how much, entry by entry, and where."""
    value, good = float(slope.value), f"good to {slope.bound:.2g}"
    between = (
        f"{value:.17g} by finite differences, {good}"
        if slope.smooth.all()
        else f"between {float(slope.low):.17g} and {float(slope.high):.17g}, for there is a kink"
    )
    lines = [
        f"{point.what}, order {level}, reverse mode: the gradient of {point.names[i]} is wrong",
        f"along a random direction it is {analytic:.17g} (minigrad), but should be {between}",
    ]
    if point.values[i].size <= SHOWN and not np.iscomplexobj(point.values[i]):
        numeric, bound = full_jacobian(point.projected(us), point.values, i, point.terms)
        lines += [
            f"gradient under a random cotangent, minigrad:\n{gradient}",
            f"numeric, good to {bound:.2g}:\n{numeric}",
            f"difference:\n{gradient - numeric}",
        ]
        lines += jacobians(point, i)
    return CheckFailure("\n".join(lines), point)


def jacobians(point: Point, i: int) -> list[str]:
    """Every partial derivative, where there are few enough of them to read."""
    ys = point.outputs(point.values)
    if point.values[i].size * sum(y.size for y in ys) > SHOWN or any(map(np.iscomplexobj, ys)):
        return []
    lines = []
    for k, y in enumerate(ys):
        rows = []
        for place in np.ndindex(y.shape):
            units = [np.zeros_like(a) for a in ys]
            units[k][place] = 1.0
            rows.append(point.pulled_back(units)[i].ravel())
        analytic = np.array(rows).reshape(y.size, -1)
        f = lambda *values, k=k: point.outputs(values)[k]
        numeric = full_jacobian(f, point.values, i, point.terms)[0].reshape(y.size, -1)
        lines += [
            f"Jacobian of output {k} by {point.names[i]}, minigrad:\n{analytic}",
            f"numeric:\n{numeric}",
            f"difference:\n{analytic - numeric}",
        ]
    return lines


def reproduce(point: Point) -> str:
    """The point and the call that shows the failure again."""
    with np.printoptions(precision=17, threshold=SHOWN):
        points = "\n".join(
            f"  {name} = {x!r}" for name, x in zip(point.names, point.values, strict=True)
        )
    return f"reproduce: {point.call}, at\n{points}"
