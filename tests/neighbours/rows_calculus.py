"""SciPy's integrals, roots, minima and numerical derivatives: functions of functions."""

from __future__ import annotations

from typing import Any

from scipy import differentiate, integrate
from scipy.optimize import elementwise

from .row import Neighbour, array_namespace, positive, real

__all__ = ["rows"]


def tanhsinh(a: Any) -> Any:
    xp = array_namespace(a)
    f = lambda x, a: xp.exp(-a * x * x)
    return integrate.tanhsinh(f, xp.zeros_like(a), xp.ones_like(a), args=(a,)).integral


def cubature(a: Any) -> Any:
    xp = array_namespace(a)
    f = lambda x: xp.exp(-a[0] * x[:, 0] * x[:, 1])
    ends = xp.zeros(2, dtype=a.dtype), xp.ones(2, dtype=a.dtype)
    return integrate.cubature(f, *ends).estimate


def find_root(a: Any) -> Any:
    """The real root of x^3 + x = a."""
    bracket = a * 0.0 - 0.3, a * 0.0 + 3.1
    return elementwise.find_root(lambda x, a: x**3 + x - a, bracket, args=(a,)).x


def find_minimum(a: Any) -> Any:
    """The value at the minimum of (x - a)^2 + exp(x)."""
    xp = array_namespace(a)
    bracket = a * 0.0 - 5.0, a * 0.3, a * 0.0 + 5.0
    f = lambda x, a: (x - a) ** 2 + xp.exp(x)
    return elementwise.find_minimum(f, bracket, args=(a,)).f_x


def bracket_root(a: Any) -> Any:
    """Ends that move outward from the start, which is half of a."""
    xp = array_namespace(a)
    return xp.stack(elementwise.bracket_root(lambda x, a: x**3 - a, a * 0.5, args=(a,)).bracket)


def bracket_minimum(a: Any) -> Any:
    xp = array_namespace(a)
    f = lambda x, a: (x - a) ** 2
    return xp.stack(elementwise.bracket_minimum(f, a * 0.3, args=(a,)).bracket)


def derivative(x: Any) -> Any:
    xp = array_namespace(x)
    return differentiate.derivative(lambda t: xp.exp(t * t), x).df


def jacobian(x: Any) -> Any:
    xp = array_namespace(x)
    f = lambda t: xp.stack([t[0] * t[1], xp.exp(t[0])])
    return differentiate.jacobian(f, x).df


def hessian(x: Any) -> Any:
    return differentiate.hessian(lambda t: t[0] ** 3 * t[1], x).ddf


rows = [
    Neighbour("scipy.integrate.trapezoid", integrate.trapezoid, (real(), positive())),
    Neighbour("scipy.integrate.cumulative_trapezoid", integrate.cumulative_trapezoid, (real(),)),
    Neighbour("scipy.integrate.cumulative_simpson", integrate.cumulative_simpson, (real(),)),
    Neighbour("scipy.integrate.romb", integrate.romb, (real(9),)),
    Neighbour("scipy.integrate.tanhsinh", tanhsinh, (positive(3),), leaves=1e-8),
    Neighbour("scipy.integrate.cubature", cubature, (positive(1),), leaves=1e-8),
    Neighbour("scipy.optimize.elementwise.find_root", find_root, (positive(4),), leaves=1e-8),
    Neighbour("scipy.optimize.elementwise.find_minimum", find_minimum, (positive(3),), leaves=1e-7),
    Neighbour("scipy.optimize.elementwise.bracket_root", bracket_root, (positive(4),)),
    Neighbour("scipy.optimize.elementwise.bracket_minimum", bracket_minimum, (positive(4),)),
    Neighbour("scipy.differentiate.derivative", derivative, (positive(3),), leaves=1e-7),
    Neighbour("scipy.differentiate.jacobian", jacobian, (positive(2),), leaves=1e-7),
    Neighbour("scipy.differentiate.hessian", hessian, (positive(2),), leaves=1e-6),
]
