"""sin(πx) / (πx), a quotient of zeros at 0: near it by its series, which can be differentiated."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import as_floating
from ..tensor import Tensor, namespace
from .erf import polynomial

__all__ = ["sinc"]

SERIES = tuple((-1) ** k * math.pi ** (2 * k) / math.factorial(2 * k + 1) for k in range(13))


def sinc_over(xp: Any, x: Any) -> Any:
    is_small = xp.abs(x) < 0.5
    near = xp.where(is_small, x, 0.0)
    far = xp.where(is_small, 0.5, x)
    whole = xp.round(far)
    sign = 1 - 2 * xp.abs(xp.remainder(whole, xp.full_like(whole, 2.0)))
    wave = sign * xp.sin(math.pi * (far - whole)) / (math.pi * far)
    return xp.where(is_small, polynomial(near * near, SERIES), wave)


def sinc(x: Tensor, /) -> Tensor:
    """sin(πx) / (πx), 1 at 0; exact to any order of derivative there, and 0 at whole numbers."""
    return sinc_over(namespace, as_floating(x))
