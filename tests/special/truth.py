"""What the special functions are, to 40 digits by mpmath, and where to try them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

import minigrad as mg

__all__ = ["Function", "functions", "logarithmic", "ndtr"]

Points = Callable[[np.random.Generator], list[float]]


@dataclass(frozen=True, repr=False)
class Function:
    """A function, what it truly is, and a draw of points from its whole domain.

    Its values are within `bound` units of eps, relative.
    """

    name: str
    call: Callable[..., Any]
    true: Callable[..., Any]
    points: Points
    bound: float = 4

    def __repr__(self) -> str:
        return self.name


def logarithmic(
    low: float, high: float, sign: float = 1.0, offset: float = 0.0, count: int = 12
) -> Points:
    """Points at all distances between `low` and `high` from `offset`, on one side of it."""
    ends = np.log(low), np.log(high)
    return lambda rng: list(offset + sign * np.exp(rng.uniform(*ends, count)))


def among(*parts: Points) -> Points:
    return lambda rng: [x for part in parts for x in part(rng)]


def around(centre: float, distance: float = 0.1) -> Points:
    sides = (logarithmic(1e-12, distance, sign, centre) for sign in (-1.0, 1.0))
    return among(*sides)


def line(left: float, right: float) -> Points:
    """Both sides of 0, from very small to `left` and `right`."""
    return among(logarithmic(1e-12, left, -1.0), logarithmic(1e-12, right))


def ndtr(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def log_ndtr(x: Any) -> Any:
    return mp.log(ndtr(x)) if x < 0 else mp.log1p(-ndtr(-x))


def inverse(f: Any, slope: Any, first: Any) -> Callable[[Any], Any]:
    """The inverse of f by Newton's iteration, from a first guess in float64."""

    def solve(p: Any) -> Any:
        y = mp.mpf(float(first(mg.tensor(float(p), dtype=mg.float64))))
        for _ in range(3):
            y = y - (f(y) - p) / slope(y)
        return y

    return solve


def density(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def polygamma(n: int) -> Function:
    return Function(
        f"polygamma {n}",
        lambda x: mg.special.polygamma(n, x),
        lambda x: mp.polygamma(n, x),
        logarithmic(1e-2, 1e3),
        bound=max(4, n),
    )


def bessel(order: int, scaled: bool) -> Function:
    name = f"i{order}{'e' if scaled else ''}"
    power = -1 if scaled else 0
    true = lambda x: mp.exp(power * abs(x)) * mp.besseli(order, x)
    points = among(line(90, 90), around(20))
    return Function(name, getattr(mg.special, name), true, points, bound=8)


def of_two(name: str, true: Callable[[Any, Any], Any], y: float) -> Function:
    return Function(
        name,
        lambda x: getattr(mg.special, name)(x, mg.full_like(x, y)),
        lambda x: true(x, mp.mpf(y)),
        among(logarithmic(1e-12, 1e12), around(y)),
    )


s = mg.special
functions = [
    Function("erf", s.erf, mp.erf, line(10, 10)),
    Function("erfc", s.erfc, mp.erfc, line(10, 26)),
    Function("erfcx", s.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), line(26, 1e3)),
    Function("erfinv", s.erfinv, inverse(mp.erf, lambda y: 2 / mp.sqrt(mp.pi) * mp.exp(-y * y),
                                         s.erfinv), among(line(0.9, 0.9), around(0.85))),
    Function("ndtr", s.ndtr, ndtr, line(37, 10)),
    Function("log_ndtr", s.log_ndtr, log_ndtr, line(1e3, 37)),
    Function("ndtri", s.ndtri, inverse(ndtr, density, s.ndtri),
             among(logarithmic(1e-30, 0.4), logarithmic(1e-6, 0.4, -1.0, 1.0))),
    Function("expit", s.expit, lambda x: 1 / (1 + mp.exp(-x)), line(80, 40)),
    Function("log_expit", s.log_expit, lambda x: -mp.log1p(mp.exp(-x)), line(80, 80)),
    Function("softplus", s.softplus, lambda x: mp.log1p(mp.exp(x)), line(80, 80)),
    Function("logit", s.logit, lambda x: mp.log(x / (1 - x)),
             among(logarithmic(1e-30, 0.4), logarithmic(1e-6, 0.4, -1.0, 1.0), around(0.5))),
    Function("gammaln", s.gammaln, mp.loggamma,
             among(logarithmic(1e-30, 1e30), logarithmic(1e-2, 20), around(1), around(2))),
    Function("digamma", s.digamma, mp.digamma,
             among(logarithmic(1e-30, 1e30), logarithmic(1e-2, 20), around(1.4616321449683623))),
    *(polygamma(n) for n in (1, 2, 3, 4, 10)),
    Function("sinc", s.sinc, mp.sincpi, line(100, 100)),
    *(bessel(order, scaled) for order in (0, 1) for scaled in (False, True)),
    Function("entr", s.entr, lambda x: -x * mp.log(x), among(logarithmic(1e-30, 1e30), around(1))),
    of_two("xlogy", lambda x, y: x * mp.log(y), 3.5),
    of_two("xlog1py", lambda x, y: x * mp.log1p(y), 1e-4),
    of_two("rel_entr", lambda x, y: x * mp.log(x / y), 3.5),
]  # fmt: skip
