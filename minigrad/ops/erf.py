"""The error function, by the rational approximations of W. J. Cody (1969).

"Rational Chebyshev approximations for the error function", Mathematics of Computation 23, 631-637:
one for |x| < 1/2, one up to 4, one beyond; to about 1e-16 relative.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["erf_forward", "erfc_forward"]

SMALL = (
    (
        3.20937758913846947e03,
        3.77485237685302021e02,
        1.13864154151050156e02,
        3.16112374387056560e00,
        1.85777706184603153e-1,
    ),
    (
        2.84423683343917062e03,
        1.28261652607737228e03,
        2.44024637934444173e02,
        2.36012909523441209e01,
        1.0,
    ),
)
MIDDLE = (
    (
        1.23033935479799725e03,
        2.05107837782607147e03,
        1.71204761263407058e03,
        8.81952221241769090e02,
        2.98635138197400131e02,
        6.61191906371416295e01,
        8.88314979438837594e00,
        5.64188496988670089e-1,
        2.15311535474403846e-8,
    ),
    (
        1.23033935480374942e03,
        3.43936767414372164e03,
        4.36261909014324716e03,
        3.29079923573345963e03,
        1.62138957456669019e03,
        5.37181101862009858e02,
        1.17693950891312499e02,
        1.57449261107098347e01,
        1.0,
    ),
)
LARGE = (
    (
        -6.58749161529837803e-4,
        -1.60837851487422766e-2,
        -1.25781726111229246e-1,
        -3.60344899949804439e-1,
        -3.05326634961232344e-1,
        -1.63153871373020978e-2,
    ),
    (
        2.33520497626869185e-3,
        6.05183413124413191e-2,
        5.27905102951428412e-1,
        1.87295284992346725e00,
        2.56852019228982242e00,
        1.0,
    ),
)


def polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    """Horner's scheme; coefficients in rising order."""
    *rest, y = coefficients
    for c in reversed(rest):
        y = y * x + c
    return y


def ratio(x: Any, pair: tuple[tuple[float, ...], tuple[float, ...]]) -> Any:
    return polynomial(x, pair[0]) / polynomial(x, pair[1])


def tail(xp: Any, z: Any) -> Any:
    """erfc(z) for z >= 1/2. Beyond 27 it underflows, also in float64."""
    z = xp.where(z > 27.0, 27.0, z)
    square = z * z
    middle = ratio(xp.where(z < 4.0, z, 4.0), MIDDLE)
    inverse = 1 / xp.where(z < 4.0, 16.0, square)
    large = (1 / math.sqrt(math.pi) + inverse * ratio(inverse, LARGE)) / z
    return xp.exp(-square) * xp.where(z < 4.0, middle, large)


def parts(xp: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """|x|, whether it is small, erf there, and erfc elsewhere."""
    z = xp.abs(x)
    is_small = z < 0.5
    near = xp.where(is_small, x, 0.0)
    return z, is_small, near * ratio(near * near, SMALL), tail(xp, xp.where(is_small, 0.5, z))


def erf_forward(xp: Any, x: Any) -> Any:
    """2/√π times the integral of exp(-t²) from 0 to x."""
    _, is_small, near, rest = parts(xp, x)
    return xp.where(is_small, near, xp.sign(x) * (1 - rest))


def erfc_forward(xp: Any, x: Any) -> Any:
    """1 - erf(x), without cancellation for large x."""
    _, is_small, near, rest = parts(xp, x)
    return xp.where(is_small, 1 - near, xp.where(x > 0, rest, 2 - rest))
