"""Element by element: one line an operation, one function an argument.

Subgradients at kinks are the table in docs/subgradients.md: abs'(0) = 0, a tie of maximum or
minimum is shared equally, clip passes at its bounds.

What is `holomorphic` has one derivative for real and complex numbers, and so one rule.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ..dtypes import default_float, weak_types
from ..inputs import lift
from ..primitive import elementwise
from ..tensor import Tensor, namespace

holomorphic = partial(elementwise, complex=True)


def power_vjp(xp: Any, g: Any, y: Any, x: Any, *, exponent: float) -> Any:
    """n x^(n-1), also where x is 0: x^0 is constant there too."""
    return xp.zeros_like(g) if exponent == 0 else g * (exponent * x ** (exponent - 1))


def pow_base_vjp(xp: Any, g: Any, y: Any, a: Any, b: Any) -> Any:
    """b a^(b-1), and 0 where b is 0, although a may be 0 there."""
    flat = b == 0
    return xp.where(flat, 0, g * b * a ** xp.where(flat, 0, b - 1))


def pow_exponent_vjp(xp: Any, g: Any, y: Any, a: Any, b: Any) -> Any:
    """y log(a), and 0 where a is 0: 0^b is 0 on both sides of a positive b."""
    base = xp.where((a == 0) & (xp.real(b) >= 0), 1, a)
    # The logarithm of a negative number is real to nobody but a complex power.
    return g * y * xp.log(xp.astype(base, y.dtype, copy=False))


def winner_vjp(xp: Any, g: Any, tie: Any, loses: Any) -> Any:
    """Who loses gets nothing; a tie shares the gradient equally; a NaN passes it on."""
    return xp.where(tie, g / 2, xp.where(loses, 0, g))


def abs_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    """The sign; the absolute value of a complex number grows in the direction of the number."""
    return g * (xp.sign(x) if x.dtype == g.dtype else xp.conj(xp.sign(x)))


def asinh_vjp(xp: Any, g: Any, y: Any, x: Any) -> Any:
    """1 / sqrt(x^2 + 1), for real numbers without overflow of the square."""
    if xp.isdtype(x.dtype, "complex floating"):
        return g / xp.sqrt(x * x + 1)
    return g / xp.hypot(x, xp.ones_like(x))


def over_norm(xp: Any, a: Any, y: Any) -> Any:
    """a / y, and 0 at the origin, where the norm has a kink."""
    return a / xp.where(y == 0, 1, y)


# fmt: off
positive    = holomorphic("positive",    lambda xp, g, y, x: g)
negative    = holomorphic("negative",    lambda xp, g, y, x: -g)
add         = holomorphic("add",         lambda xp, g, y, a, b: g,
                                         lambda xp, g, y, a, b: g)
subtract    = holomorphic("subtract",    lambda xp, g, y, a, b: g,
                                         lambda xp, g, y, a, b: -g)
multiply    = holomorphic("multiply",    lambda xp, g, y, a, b: g * b,
                                         lambda xp, g, y, a, b: g * a)
divide      = holomorphic("divide",      lambda xp, g, y, a, b: g / b,
                                         lambda xp, g, y, a, b: -g * y / b, floating=True)
square      = holomorphic("square",      lambda xp, g, y, x: (g + g) * x)
reciprocal  = holomorphic("reciprocal",  lambda xp, g, y, x: -g * y * y, floating=True)
sqrt        = holomorphic("sqrt",        lambda xp, g, y, x: g / (2 * y), floating=True)

exp         = holomorphic("exp",         lambda xp, g, y, x: g * y, floating=True)
expm1       = holomorphic("expm1",       lambda xp, g, y, x: g * (y + 1), floating=True)
log         = holomorphic("log",         lambda xp, g, y, x: g / x, floating=True)
log1p       = holomorphic("log1p",       lambda xp, g, y, x: g / (1 + x), floating=True)
log2        = holomorphic("log2",        lambda xp, g, y, x: g / (x * math.log(2)), floating=True)
log10       = holomorphic("log10",       lambda xp, g, y, x: g / (x * math.log(10)), floating=True)
logaddexp   = elementwise("logaddexp",   lambda xp, g, y, a, b: g * xp.exp(a - y),
                                         lambda xp, g, y, a, b: g * xp.exp(b - y),
                                         floating=True)

sin         = holomorphic("sin",         lambda xp, g, y, x: g * xp.cos(x), floating=True)
cos         = holomorphic("cos",         lambda xp, g, y, x: -g * xp.sin(x), floating=True)
tan         = holomorphic("tan",         lambda xp, g, y, x: g * (1 + y * y), floating=True)
asin        = holomorphic("asin",        lambda xp, g, y, x: g / xp.sqrt((1 - x) * (1 + x)),
                          floating=True)
acos        = holomorphic("acos",        lambda xp, g, y, x: -g / xp.sqrt((1 - x) * (1 + x)),
                          floating=True)
atan        = holomorphic("atan",        lambda xp, g, y, x: g / (1 + x * x), floating=True)
atan2       = elementwise("atan2",       lambda xp, g, y, a, b: g * over_norm(xp, b, a * a + b * b),
                                         lambda xp, g, y, a, b:
                                             -g * over_norm(xp, a, a * a + b * b),
                                         floating=True)
hypot       = elementwise("hypot",       lambda xp, g, y, a, b: g * over_norm(xp, a, y),
                                         lambda xp, g, y, a, b: g * over_norm(xp, b, y),
                                         floating=True)

sinh        = holomorphic("sinh",        lambda xp, g, y, x: g * xp.cosh(x), floating=True)
cosh        = holomorphic("cosh",        lambda xp, g, y, x: g * xp.sinh(x), floating=True)
tanh        = holomorphic("tanh",        lambda xp, g, y, x: g - g * (y * y), floating=True)
asinh       = holomorphic("asinh",       asinh_vjp, floating=True)
acosh       = holomorphic("acosh",       lambda xp, g, y, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),
                          floating=True)
atanh       = holomorphic("atanh",       lambda xp, g, y, x: g / ((1 - x) * (1 + x)), floating=True)

abs         = elementwise("abs",         abs_vjp, complex=True)
conj        = elementwise("conj",        lambda xp, g, y, x: xp.conj(g), complex=True)
real        = elementwise("real",        lambda xp, g, y, x: g, complex=True)
imag_of     = elementwise("imag",        lambda xp, g, y, x: g * -1j, complex=True)
maximum     = elementwise("maximum",     lambda xp, g, y, a, b: winner_vjp(xp, g, a == b, a < b),
                                         lambda xp, g, y, a, b: winner_vjp(xp, g, a == b, b < a))
minimum     = elementwise("minimum",     lambda xp, g, y, a, b: winner_vjp(xp, g, a == b, a > b),
                                         lambda xp, g, y, a, b: winner_vjp(xp, g, a == b, b > a))
copysign    = elementwise("copysign",    lambda xp, g, y, a, b: g * xp.sign(a) * xp.sign(y),
                                         lambda xp, g, y, a, b: xp.zeros_like(g), floating=True)
remainder   = elementwise("remainder",   lambda xp, g, y, a, b: g,
                                         lambda xp, g, y, a, b: -g * xp.floor(a / b))
power       = holomorphic("power",       power_vjp, forward=lambda xp, x, *, exponent: x**exponent)
pow_arrays  = holomorphic("pow",         pow_base_vjp, pow_exponent_vjp)
clip_below  = elementwise("clip_below",  lambda xp, g, y, x, lo: xp.where(x >= lo, g, 0),
                                         lambda xp, g, y, x, lo: xp.where(x >= lo, 0, g),
                                         forward=lambda xp, x, lo: xp.maximum(x, lo))
clip_above  = elementwise("clip_above",  lambda xp, g, y, x, hi: xp.where(x <= hi, g, 0),
                                         lambda xp, g, y, x, hi: xp.where(x <= hi, 0, g),
                                         forward=lambda xp, x, hi: xp.minimum(x, hi))
choose      = holomorphic("where",       None,
                                         lambda xp, g, y, c, a, b: xp.where(c, g, 0),
                                         lambda xp, g, y, c, a, b: xp.where(c, 0, g))

# Steps: the derivative is zero wherever there is one.
sign_of      = elementwise("sign",         lambda xp, g, y, x: xp.zeros_like(g))
floor        = elementwise("floor",        lambda xp, g, y, x: xp.zeros_like(g))
ceil         = elementwise("ceil",         lambda xp, g, y, x: xp.zeros_like(g))
trunc        = elementwise("trunc",        lambda xp, g, y, x: xp.zeros_like(g))
round        = holomorphic("round",        lambda xp, g, y, x: xp.zeros_like(g))
floor_divide = elementwise("floor_divide", lambda xp, g, y, a, b: xp.zeros_like(g),
                                           lambda xp, g, y, a, b: xp.zeros_like(g))

# A step to the neighbouring number, whose size depends on the dtype: to differentiate is an error.
nextafter = elementwise("nextafter", None, None, floating=True)

# Integer or boolean results: constants, without a rule for any input.
equal         = elementwise("equal", None, None, constant=True)
not_equal     = elementwise("not_equal", None, None, constant=True)
less          = elementwise("less", None, None, constant=True)
less_equal    = elementwise("less_equal", None, None, constant=True)
greater       = elementwise("greater", None, None, constant=True)
greater_equal = elementwise("greater_equal", None, None, constant=True)
isfinite      = elementwise("isfinite", None, constant=True)
isinf         = elementwise("isinf", None, constant=True)
isnan         = elementwise("isnan", None, constant=True)
signbit       = elementwise("signbit", None, constant=True)
logical_and   = elementwise("logical_and", None, None, constant=True)
logical_or    = elementwise("logical_or", None, None, constant=True)
logical_xor   = elementwise("logical_xor", None, None, constant=True)
logical_not   = elementwise("logical_not", None, constant=True)
bitwise_and   = elementwise("bitwise_and", None, None, constant=True)
bitwise_or    = elementwise("bitwise_or", None, None, constant=True)
bitwise_xor   = elementwise("bitwise_xor", None, None, constant=True)
bitwise_invert      = elementwise("bitwise_invert", None, constant=True)
bitwise_left_shift  = elementwise("bitwise_left_shift", None, None, constant=True)
bitwise_right_shift = elementwise("bitwise_right_shift", None, None, constant=True)
# fmt: on


def where(condition: Tensor, x1: Tensor | float, x2: Tensor | float, /) -> Tensor:
    """x1 where the condition holds, x2 elsewhere."""
    if x1.__class__ in weak_types and x2.__class__ in weak_types:
        x1 = namespace.asarray(x1, device=condition.device)
    return choose(condition, x1, x2)


def imag(x: Tensor, /) -> Tensor:
    """The imaginary part of x; of real numbers, zeros."""
    if isinstance(x, Tensor) and x.dtype.kind != "c":
        return namespace.zeros_like(x)
    return imag_of(x)


def sign(x: Tensor, /) -> Tensor:
    """-1, 0 or 1 as x is less than, equal to or greater than 0; of complex numbers, x / |x|."""
    if not isinstance(x, Tensor) or x.dtype.kind != "c":
        return sign_of(x)
    length = abs(x)
    origin = length == 0
    return where(origin, 0, x / where(origin, 1, length))


def pow(x1: Any, x2: Any, /) -> Tensor:
    """x1 to the power x2, one of which may be a number. Where x2 is 0 the derivative is 0."""
    if not (isinstance(x1, Tensor) and x2.__class__ in weak_types):
        x1, x2 = lift("pow", (x1, x2))
    if x2.__class__ in weak_types:
        if x2 == 2:
            return square(x1)
        if isinstance(x2, float) and x1.dtype.kind in "iu":
            x1 = namespace.astype(x1, default_float())
        elif x2.__class__ is int and x2 < 0 and x1.dtype.kind in "iu":
            raise ValueError(
                f"pow: {x1.dtype} to the power {x2} is no integer; write {float(x2)} for floats"
            )
        return power(x1, exponent=x2)
    if x1.__class__ in weak_types:
        x1 = namespace.asarray(x1, dtype=x2.dtype, device=x2.device)
    return pow_arrays(x1, x2)


def clip(
    x: Tensor, /, min: Tensor | float | None = None, max: Tensor | float | None = None
) -> Tensor:
    """x kept between min and max, either of which may be absent. At a bound the gradient passes.

    The dtype is x's, but for integers between floating bounds, which become floats.
    """
    if isinstance(x, Tensor) and x.dtype.kind == "c":
        raise TypeError(f"clip: {x.dtype} has no order; clip mg.real(x), mg.imag(x) or mg.abs(x)")
    y = x if min is None else clip_below(x, min)
    y = y if max is None else clip_above(y, max)
    if y is x:
        return positive(x)
    return y if y.dtype == x.dtype or x.dtype.kind in "iub" else namespace.astype(y, x.dtype)
