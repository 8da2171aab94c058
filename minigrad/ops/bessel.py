"""Modified Bessel functions of the first kind, of orders 0 and 1; with e, times exp(-|x|).

Up to 20 by the power series, whose terms are all positive; above by Hankel's asymptotic series,
which there reaches the last bit (NIST's Digital Library of Mathematical Functions, 10.25.2 and
10.40.1).
"""

from __future__ import annotations

import math
from typing import Any

from ..primitive import elementwise
from .erf import polynomial

__all__ = ["i0", "i0e", "i1", "i1e"]

FAR = 20


def hankel(order: int) -> tuple[float, ...]:
    """The coefficients of 1/x in sqrt(2 pi x) exp(-x) I(x)."""
    found = [1.0]
    for k in range(1, 32):
        found.append(found[-1] * ((2 * k - 1) ** 2 - 4 * order**2) / (8 * k))
    return tuple(found)


HANKEL = hankel(0), hankel(1)


def power_series(x: Any, order: int, terms: int) -> Any:
    """I(x) / (x/2)^order as nested products, so that no coefficient underflows in float32."""
    u = x * x / 4
    y = 1 + 0 * u
    for k in range(terms, 0, -1):
        y = 1 + y * (u / (k * (k + order)))
    return y


def scaled(xp: Any, x: Any, order: int, power: int) -> Any:
    """I(|x|) exp(power |x|), for a power of 0 or -1."""
    a = xp.abs(x)
    near = xp.where(a < FAR, a, 0.0)
    close = power_series(near, order, 50) * xp.exp(power * near) * (0.5 * near) ** order
    far = xp.where(a < FAR, 1.0 * FAR, a)
    series = polynomial(1 / far, HANKEL[order]) / xp.sqrt(2 * math.pi * far)
    if power == 0:
        half = xp.exp(0.5 * far)  # exp itself overflows before the function does
        series = xp.where(xp.isinf(far), far, half * series * half)
    return xp.where(a < FAR, close, series)


def i1_over_x(xp: Any, x: Any, i1_of_x: Any, power: int) -> Any:
    """A quotient of zeros at 0: near it by the series, which can be differentiated."""
    is_small = xp.abs(x) < 1
    near = xp.where(is_small, x, 0.0)
    close = 0.5 * power_series(near, 1, 12) * xp.exp(power * xp.abs(near))
    return xp.where(is_small, close, i1_of_x / xp.where(is_small, 1.0, x))


def i1_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    return g * (i0.over(xp)(x) - i1_over_x(xp, x, y, 0))


def i1e_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    return g * (i0e.over(xp)(x) - i1_over_x(xp, x, y, -1) - xp.sign(x) * y)


# fmt: off
i1  = elementwise("i1",  i1_vjp,
                  forward=lambda xp, x: xp.sign(x) * scaled(xp, x, 1, 0), floating=True)
i1e = elementwise("i1e", i1e_vjp,
                  forward=lambda xp, x: xp.sign(x) * scaled(xp, x, 1, -1), floating=True)
i0  = elementwise("i0",  lambda xp, g, y, x: g * i1.over(xp)(x),
                  forward=lambda xp, x: scaled(xp, x, 0, 0), floating=True)
i0e = elementwise("i0e", lambda xp, g, y, x: g * (i1e.over(xp)(x) - xp.sign(x) * y),
                  forward=lambda xp, x: scaled(xp, x, 0, -1), floating=True)
# fmt: on
