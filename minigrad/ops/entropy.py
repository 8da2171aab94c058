"""x log y and the entropies made of it, with the limits that information theory gives them at 0."""

from __future__ import annotations

from typing import Any

from ..primitive import elementwise
from ..tensor import Tensor, namespace

__all__ = ["entr", "kl_div", "rel_entr", "xlog1py", "xlogy"]


def xlogy_forward(xp: Any, x: Any, y: Any) -> Any:
    """x log(y), and 0 where x is 0, whatever number y is."""
    return x * xp.log(xp.where((x == 0) & (y <= 0), 1, y))


def xlog1py_forward(xp: Any, x: Any, y: Any) -> Any:
    """x log(1 + y), and 0 where x is 0, whatever number y is."""
    return x * xp.log1p(xp.where((x == 0) & (y <= -1), 0, y))


def entr_forward(xp: Any, x: Any) -> Any:
    """-x log(x); 0 at 0, -inf below."""
    return xp.where(x < 0, -xp.inf, -xlogy_forward(xp, x, xp.where(x < 0, 1, x)))


def log_ratio(xp: Any, x: Any, y: Any) -> Any:
    """log(x / y) of positive numbers: without cancellation where they are near, or overflow."""
    is_near = (x < 2 * y) & (y < 2 * x)
    near = xp.log1p(xp.where(is_near, (x - y) / y, 0.0))
    return xp.where(is_near, near, xp.log(x) - xp.log(y))


def rel_entr_forward(xp: Any, x: Any, y: Any) -> Any:
    """x log(x / y); 0 where x is 0 and y is not negative, inf outside the first quadrant."""
    is_inside = (x > 0) & (y > 0)
    inside = x * log_ratio(xp, xp.where(is_inside, x, 1.0), xp.where(is_inside, y, 1.0))
    both = x + y
    outside = xp.where((x == 0) & (y >= 0), 0.0, xp.where(xp.isnan(both), both, xp.inf))
    return xp.where(is_inside, inside, outside)


def rel_entr_vjp(xp: Any, g: Any, y: Any, a: Any, b: Any) -> Any:
    return g * (1 + log_ratio(xp, a, b))


# By y, 0 where both are 0: the function is constant along that side.
# fmt: off
xlogy    = elementwise("xlogy",
                       lambda xp, g, z, x, y: g * xp.log(xp.where((x == 0) & (y <= 0), 1, y)),
                       lambda xp, g, z, x, y: g * x / xp.where((x == 0) & (y == 0), 1, y),
                       forward=xlogy_forward, floating=True)
xlog1py  = elementwise("xlog1py",
                       lambda xp, g, z, x, y: g * xp.log1p(xp.where((x == 0) & (y <= -1), 0, y)),
                       lambda xp, g, z, x, y: g * x / xp.where((x == 0) & (y == -1), 1, 1 + y),
                       forward=xlog1py_forward, floating=True)
entr     = elementwise("entr", lambda xp, g, y, x: -g * (1 + xp.log(x)),
                       forward=entr_forward, floating=True)
rel_entr = elementwise("rel_entr", rel_entr_vjp,
                       lambda xp, g, y, a, b: -g * a / b,
                       forward=rel_entr_forward, floating=True)
# fmt: on


def kl_div(x: Tensor, y: Tensor, /) -> Tensor:
    """x log(x / y) - x + y, the Kullback-Leibler term that is never negative; inf as rel_entr."""
    return namespace.add(namespace.subtract(rel_entr(x, y), x), y)
