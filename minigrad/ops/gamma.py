"""The logarithm of the gamma function and its derivatives: digamma and polygamma.

Between 1 and 3 by rational functions, from there down to 0 and up to 8 by the recurrence, above by
Stirling's series, below 0 by reflection. The rational functions are ours: they agree with

    log Γ(1 + t) / (t (t - 1))  and  ψ(1 + t) / (1 + t - root)

at Chebyshev's points of 0 <= t <= 2, and elsewhere to 1e-17; all coefficients that matter are
positive, so that nothing cancels. Polygamma is Hurwitz's zeta function by Euler and Maclaurin's
sum. See NIST's Digital Library of Mathematical Functions, sections 5.5, 5.11, 5.15 and 25.11.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from ..primitive import elementwise
from ..tensor import Tensor
from .erf import polynomial, ratio

__all__ = ["digamma", "gammaln", "polygamma"]

GAMMALN = (
    (
        0.5772156649015329,
        1.795879018997928,
        2.1865334418937055,
        1.3226883681228077,
        0.4175253681048576,
        0.06620652414372981,
        0.004630212547046027,
        0.00010318936786846241,
        1.54621296801624e-07,
    ),
    (
        1.0,
        3.5361659629745215,
        5.021257900661251,
        3.6722217552107503,
        1.4771004522959044,
        0.3239769173460576,
        0.03613884447121401,
        0.0017463681006452904,
        2.4701852219090835e-05,
    ),
)
DIGAMMA = (
    (
        1.2503801375034054,
        1.8998845370478825,
        1.0164566510246777,
        0.2374725594485366,
        0.0238414069598138,
        0.000818874142960514,
        2.5009024312418424e-06,
        -1.578585859621291e-08,
    ),
    (
        1.0,
        2.2029923661052755,
        1.7169749127558187,
        0.6092694909208878,
        0.10266883844857362,
        0.007561224327355051,
        0.00017933601981804436,
    ),
)
ROOT = 0.46142578125, 0.00020636370754800737, 1.08143338936181e-11
"""The zero of digamma, less 1, as a sum: leading bits, exact in float32 too, and the rest."""

FAR = 8
"""From here on Stirling's series is exact."""


# fmt: off
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510,
             43867 / 798, -174611 / 330)
# fmt: on
"""Bernoulli's numbers B_2, B_4, ..., B_20."""

STIRLING = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(BERNOULLI[:8], start=1))
SLOPES = tuple(b / (2 * k) for k, b in enumerate(BERNOULLI, start=1))


def near_one(xp: Any, x: Any) -> tuple[Any, Any, Any]:
    """`(t, below, steps)` for 0 <= x < 8: x = 1 + t + steps, and x = t where it is below 1."""
    below = x < 1
    steps = xp.where(x < 3, 0.0, xp.floor(x) - 2)
    return xp.where(below, x, x - (steps + 1)), below, steps


def whole_part_removed(xp: Any, x: Any) -> Any:
    """x less the nearest whole number; 0 of an infinity."""
    return xp.where(xp.isinf(x), 0.0, x - xp.round(xp.where(xp.isinf(x), 0.0, x)))


def gammaln_of_positive(xp: Any, x: Any) -> Any:
    near = xp.where(x < FAR, x, 1.0)
    t, below, steps = near_one(xp, near)
    product = xp.where(below, near, 1.0)
    for i in range(1, FAR - 2):
        product = product * xp.where(i <= steps, near - i, 1.0)
    moved = xp.log(product)
    close = t * (t - 1) * ratio(t, GAMMALN) + xp.where(below, -moved, moved)
    far = xp.where(x < FAR, 1.0 * FAR, x)
    inverse = 1 / far
    series = inverse * polynomial(inverse * inverse, STIRLING)
    stirling = (far - 0.5) * (xp.log(far) - 1) + (0.5 * math.log(2 * math.pi) - 0.5 + series)
    return xp.where(x < FAR, close, stirling)


def gammaln_forward(xp: Any, x: Any) -> Any:
    """log |Γ(x)|; inf at the poles."""
    a = xp.abs(x)
    y = gammaln_of_positive(xp, a)
    sine = xp.abs(xp.sin(math.pi * whole_part_removed(xp, a)))
    is_pole = sine == 0
    mirrored = -xp.log(xp.where(is_pole, 1.0, sine) / math.pi) - xp.log(a) - y
    return xp.where(x < 0, xp.where(is_pole, xp.inf, mirrored), y)


def digamma_of_positive(xp: Any, x: Any) -> Any:
    near = xp.where(x < FAR, x, 1.0)
    t, below, steps = near_one(xp, near)
    distance = t - ROOT[0] - ROOT[1] - ROOT[2]
    close = distance * ratio(t, DIGAMMA) - 1 / xp.where(below, near, xp.inf)
    for i in range(1, FAR - 2):
        close = close + 1 / xp.where(i <= steps, near - i, xp.inf)
    far = xp.where(x < FAR, 1.0 * FAR, x)
    inverse = 1 / far
    square = inverse * inverse
    series = xp.log(far) - 0.5 * inverse - square * polynomial(square, SLOPES)
    return xp.where(x < FAR, close, series)


def digamma_forward(xp: Any, x: Any) -> Any:
    """The derivative of gammaln; nan at the poles, but ∓inf at ±0."""
    y = digamma_of_positive(xp, xp.where(x < 0, 1 - x, x))
    part = whole_part_removed(xp, x)
    is_smooth = (x < 0) & (part != 0)
    cotangent = 1 / xp.tan(math.pi * xp.where(is_smooth, part, 0.25))
    return xp.where(x < 0, xp.where(is_smooth, y - math.pi * cotangent, xp.nan), y)


@cache
def cotangent_derivative(n: int) -> tuple[float, ...]:
    """The n-th derivative of cot, as the coefficients of a polynomial in cot itself."""
    p = [0, 1]
    for _ in range(n):  # (1 + c^2) times the derivative by c, negated
        slope = [k * p[k] for k in range(1, len(p))]
        p = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return tuple(map(float, p))


@cache
def euler_maclaurin(s: int) -> tuple[float, ...]:
    """B_2k / (2k)! times s (s + 1) ... (s + 2k - 2)."""
    return tuple(
        b * (math.perm(s + 2 * k - 2, 2 * k - 1) / math.factorial(2 * k))
        for k, b in enumerate(BERNOULLI, start=1)
    )


def polygamma_of_positive(xp: Any, x: Any, n: int) -> Any:
    """n! times the sum of (x + k)^-s over k = 0, 1, ...: Hurwitz's zeta function of s = n + 1.

    In units of a power of two, so that neither n! nor the powers leave the range of float32.
    """
    s = n + 1
    unit = 2.0 ** math.floor(math.log2(math.factorial(n)) / s)
    terms = 10 + s // 2
    head = (x / unit) ** -s
    for k in range(1, terms):
        head = head + ((x + k) / unit) ** -s
    z = (x + terms) / unit
    inverse = 1 / (x + terms)
    series = inverse * polynomial(inverse * inverse, euler_maclaurin(s))
    total = head + z ** (1 - s) * (unit / n) + z**-s * (0.5 + series)
    return total * (math.factorial(n) / unit**s)


def polygamma_forward(xp: Any, x: Any, *, n: int) -> Any:
    """The n-th derivative of digamma; at the poles the infinity of its sign from the right."""
    sign = (-1.0) ** (n + 1)
    y = sign * polygamma_of_positive(xp, xp.where(x < 0, 1 - x, x), n)
    part = whole_part_removed(xp, x)
    is_pole = (x <= 0) & (part == 0)
    cotangent = 1 / xp.tan(math.pi * xp.where((x < 0) & ~is_pole, part, 0.25))
    mirrored = math.pi ** (n + 1) * polynomial(cotangent, cotangent_derivative(n))
    y = xp.where(x < 0, -sign * y - mirrored, y)
    return xp.where(is_pole, sign * xp.inf, y)


def polygamma_vjp(xp: Any, g: Any, y: Any, x: Any, *, n: int) -> Any:
    return g * _polygamma.over(xp)(x, n=n + 1)


# fmt: off
_polygamma = elementwise("polygamma", polygamma_vjp,
                         forward=polygamma_forward, floating=True)
digamma    = elementwise("digamma",   lambda xp, g, y, x: g * _polygamma.over(xp)(x, n=1),
                         forward=digamma_forward, floating=True)
gammaln    = elementwise("gammaln",   lambda xp, g, y, x: g * digamma.over(xp)(x),
                         forward=gammaln_forward, floating=True)
# fmt: on


def polygamma(n: int, x: Tensor, /) -> Tensor:
    """The n-th derivative of digamma at x; n is an integer, 0 for digamma itself.

    Raises TypeError if n is no integer, ValueError if it is negative.
    """
    try:
        n = n.__index__()
    except (AttributeError, TypeError):
        raise TypeError(f"polygamma: n is a {type(n).__name__}, expected an integer") from None
    if n < 0:
        raise ValueError(f"polygamma: n is {n}, expected 0, 1, 2, ...")
    return _polygamma(x, n=n) if n else digamma(x)
