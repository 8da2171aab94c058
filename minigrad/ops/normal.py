"""The standard normal distribution: its distribution function, that one's logarithm and inverse.

The inverse is M. J. Wichura's algorithm AS 241 (1988), "The percentage points of the normal
distribution", Applied Statistics 37, 477-484: rational approximations to about 1e-16 relative.
"""

from __future__ import annotations

import math
from typing import Any

from ..primitive import elementwise
from .erf import erf_near_zero, erfcx, gaussian, ratio, scaled_tail

__all__ = ["erfinv", "log_ndtr", "ndtr", "ndtri"]

CENTRE = (
    (
        3.3871328727963665,
        133.14166789178438,
        1971.5909503065513,
        13731.69376550946,
        45921.95393154987,
        67265.7709270087,
        33430.57558358813,
        2509.0809287301227,
    ),
    (
        1.0,
        42.31333070160091,
        687.1870074920579,
        5394.196021424751,
        21213.794301586597,
        39307.89580009271,
        28729.085735721943,
        5226.495278852854,
    ),
)
SHOULDER = (
    (
        1.4234371107496835,
        4.630337846156546,
        5.769497221460691,
        3.6478483247632045,
        1.2704582524523684,
        0.2417807251774506,
        0.022723844989269184,
        0.0007745450142783414,
    ),
    (
        1.0,
        2.053191626637759,
        1.6763848301838038,
        0.6897673349851,
        0.14810397642748008,
        0.015198666563616457,
        0.0005475938084995345,
        1.0507500716444169e-09,
    ),
)
TAIL = (
    (
        6.657904643501103,
        5.463784911164114,
        1.7848265399172913,
        0.29656057182850487,
        0.026532189526576124,
        0.0012426609473880784,
        2.7115555687434876e-05,
        2.0103343992922881e-07,
    ),
    (
        1.0,
        0.599832206555888,
        0.1369298809227358,
        0.014875361290850615,
        0.0007868691311456133,
        1.8463183175100548e-05,
        1.421511758316446e-07,
        2.0442631033899397e-15,
    ),
)
ROOT_HALF = math.sqrt(0.5)
DENSITY = 1 / math.sqrt(2 * math.pi)


def ndtr_forward(xp: Any, x: Any) -> Any:
    """The probability that a standard normal variable is below x."""
    z = ROOT_HALF * xp.abs(x)
    is_small = z < 0.5
    near = 0.5 + 0.5 * erf_near_zero(ROOT_HALF * xp.where(is_small, x, 0.0))
    tail = 0.5 * gaussian(xp, xp.abs(x), -0.5) * scaled_tail(xp, xp.where(is_small, 0.5, z))
    return xp.where(is_small, near, xp.where(x < 0, tail, 1 - tail))


def log_ndtr_forward(xp: Any, x: Any) -> Any:
    """The logarithm of ndtr, exact where ndtr itself would underflow or round to 1."""
    is_tail = x < -1
    tail = xp.where(is_tail, x, -1.0)
    log_tail = xp.log(0.5 * erfcx.over(xp)(-ROOT_HALF * tail)) - 0.5 * tail * tail
    above = ndtr_forward(xp, -xp.where(is_tail, -1.0, x))
    return xp.where(is_tail, log_tail, xp.log1p(-above))


def log_ndtr_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    """Density over probability, which grows as -x in the left tail."""
    left = 2 * DENSITY / erfcx.over(xp)(-ROOT_HALF * xp.where(x < 0, x, 0.0))
    return g * xp.where(x < 0, left, DENSITY * xp.exp(-0.5 * x * x - y))


def quantile(xp: Any, q: Any, rest: Any) -> Any:
    """Where ndtr is 1/2 + q; `rest` is the probability on the far side, 1/2 - |q|."""
    is_central = xp.abs(q) <= 0.425
    centre = xp.where(is_central, q, 0.0)
    r = xp.sqrt(-xp.log(xp.where(is_central, 0.5, rest)))
    shoulder = ratio(xp.where(r > 5, 5.0, r) - 1.6, SHOULDER)
    tail = ratio(xp.where((r > 5) & (r < xp.inf), r, 5.0) - 5.0, TAIL)
    far = xp.where(r > 5, xp.where(r < xp.inf, tail, xp.inf), shoulder)
    near = centre * ratio(0.180625 - centre * centre, CENTRE)
    return xp.where(is_central, near, xp.sign(q) * far)


def ndtri_forward(xp: Any, p: Any) -> Any:
    """The inverse of ndtr."""
    return quantile(xp, p - 0.5, xp.where(p < 0.5, p, 1 - p))


def erfinv_forward(xp: Any, x: Any) -> Any:
    """The inverse of erf."""
    return ROOT_HALF * quantile(xp, 0.5 * x, 0.5 * (1 - xp.abs(x)))


# fmt: off
ndtr     = elementwise("ndtr",     lambda xp, g, y, x: g * (DENSITY * xp.exp(-0.5 * x * x)),
                       forward=ndtr_forward, floating=True)
log_ndtr = elementwise("log_ndtr", log_ndtr_vjp,
                       forward=log_ndtr_forward, floating=True)
ndtri    = elementwise("ndtri",    lambda xp, g, y, p: g * (xp.exp(0.5 * y * y) / DENSITY),
                       forward=ndtri_forward, floating=True)
erfinv   = elementwise("erfinv",   lambda xp, g, y, x: g * (math.sqrt(math.pi) / 2 * xp.exp(y * y)),
                       forward=erfinv_forward, floating=True)
# fmt: on
