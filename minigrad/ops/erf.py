"""The error function and its complement, by the rational approximations of W. J. Cody (1969).

"Rational Chebyshev approximations for the error function", Mathematics of Computation 23, 631-637:
one for |x| < 1/2, one up to 4, one beyond; to about 1e-16 relative. Beyond 1/2 they approximate
erfcx, the complement without its factor exp(-x^2).
"""

from __future__ import annotations

import math
from typing import Any

from ..primitive import elementwise

__all__ = [
    "erf",
    "erf_near_zero",
    "erfc",
    "erfcx",
    "gaussian",
    "polynomial",
    "ratio",
    "scaled_tail",
]

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


GAUSSIAN = 2 / math.sqrt(math.pi)


def polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    """Horner's scheme; coefficients in rising order."""
    *rest, y = coefficients
    for c in reversed(rest):
        y = y * x + c
    return y


def ratio(x: Any, pair: tuple[tuple[float, ...], tuple[float, ...]]) -> Any:
    """A rational function: numerator and denominator."""
    return polynomial(x, pair[0]) / polynomial(x, pair[1])


def gaussian(xp: Any, z: Any, power: float) -> Any:
    """exp(power * z^2) for z >= 0, where z^2 itself would round off digits that exp needs.

    With few bits in `head` its square is exact, and the rest is small.
    """
    z = xp.where(z > 40.0, 40.0, z)  # the result is 0 or inf from there on, in float64 too
    head = xp.floor(z * 16) / 16
    return xp.exp(power * head * head) * xp.exp(power * (z - head) * (z + head))


def erf_near_zero(x: Any) -> Any:
    """erf(x) for |x| < 1/2."""
    return x * ratio(x * x, SMALL)


def scaled_tail(xp: Any, z: Any) -> Any:
    """erfcx(z) for z >= 1/2."""
    middle = ratio(xp.where(z < 4.0, z, 4.0), MIDDLE)
    inverse = 1 / xp.where(z < 4.0, 4.0, z)
    square = inverse * inverse
    large = (1 / math.sqrt(math.pi) + square * ratio(square, LARGE)) * inverse
    return xp.where(z < 4.0, middle, large)


def parts(xp: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """|x| (at least 1/2), whether it is smaller, erf there, and erfcx elsewhere."""
    z = xp.abs(x)
    is_small = z < 0.5
    z = xp.where(is_small, 0.5, z)
    return z, is_small, erf_near_zero(xp.where(is_small, x, 0.0)), scaled_tail(xp, z)


def erf_forward(xp: Any, x: Any) -> Any:
    """2/√π times the integral of exp(-t²) from 0 to x."""
    z, is_small, near, tail = parts(xp, x)
    return xp.where(is_small, near, xp.sign(x) * (1 - gaussian(xp, z, -1) * tail))


def erfc_forward(xp: Any, x: Any) -> Any:
    """1 - erf(x), without cancellation for large x."""
    z, is_small, near, tail = parts(xp, x)
    rest = gaussian(xp, z, -1) * tail
    return xp.where(is_small, 1 - near, xp.where(x < 0, 2 - rest, rest))


def erfcx_forward(xp: Any, x: Any) -> Any:
    """exp(x²) erfc(x): what erfc is where it underflows."""
    _, is_small, near, tail = parts(xp, x)
    growth = gaussian(xp, xp.where(x < 0.5, xp.abs(x), 0.5), 1)
    return xp.where(is_small, growth * (1 - near), xp.where(x < 0, 2 * growth - tail, tail))


def erfcx_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    """2xy - 2/√π, of which the approximation for large x has the difference as a term."""
    inverse = 1 / xp.where(x < 4, 4.0, x)
    square = inverse * inverse
    return g * xp.where(x < 4, 2 * x * y - GAUSSIAN, 2 * square * ratio(square, LARGE))


# fmt: off
erf   = elementwise("erf",   lambda xp, g, y, x: g * (GAUSSIAN * xp.exp(-x * x)),
                    forward=erf_forward, floating=True)
erfc  = elementwise("erfc",  lambda xp, g, y, x: -g * (GAUSSIAN * xp.exp(-x * x)),
                    forward=erfc_forward, floating=True)
erfcx = elementwise("erfcx", erfcx_vjp, forward=erfcx_forward, floating=True)
# fmt: on
