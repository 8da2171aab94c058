"""Mistakes in the rules of operations: signs, factors, ties, edges, directions, axes."""

from __future__ import annotations

from functools import partial

from ..mutant import Mutant, seeded

__all__ = ["operations"]

wrong = partial(seeded, "operations")

operations: tuple[Mutant, ...] = (
    *wrong(
        "minigrad.ops.elementwise",
        ("the derivative of the cosine has the wrong sign", "-g * xp.sin(x)", "g * xp.sin(x)"),
        (
            "what is subtracted has the wrong sign",
            "lambda xp, g, y, a, b: -g)",
            "lambda xp, g, y, a, b: g)",
        ),
        ("the derivative by the denominator lacks its power", "-g * y / b", "-g * y"),
        ("the derivative of the square lacks the factor 2", "(g + g) * x", "g * x"),
        ("the derivative of the square root lacks the factor 1/2", "g / (2 * y)", "g / y"),
        ("the derivative of expm1 is expm1", "g * (y + 1)", "g * y"),
        ("the derivative of log2 lacks the factor 1/log 2", "g / (x * math.log(2))", "g / x"),
        ("the derivative of tanh takes the input for the output", "g * (y * y)", "g * (x * x)"),
        ("a tie of maximum or minimum gives both the whole gradient", "tie, g / 2", "tie, g"),
        (
            "a maximum gives the gradient to the loser",
            "xp.where(loses, 0, g)",
            "xp.where(loses, g, 0)",
        ),
        (
            "where has its branches swapped",
            "lambda xp, g, y, c, a, b: xp.where(c, g, 0)",
            "lambda xp, g, y, c, a, b: xp.where(c, 0, g)",
        ),
        (
            "clip lets nothing through at its bound",
            "lambda xp, g, y, x, lo: xp.where(x >= lo, g, 0)",
            "lambda xp, g, y, x, lo: xp.where(x > lo, g, 0)",
        ),
        (
            "the power 0 of 0 has the derivative NaN",
            "xp.zeros_like(g) if exponent == 0 else g",
            "g",
        ),
        (
            "an exponent over the base 0 has the derivative NaN",
            "base = xp.where((a == 0) & (xp.real(b) >= 0), 1, a)",
            "base = a",
        ),
        (
            "a remainder does not depend on the divisor",
            "-g * xp.floor(a / b)",
            "xp.zeros_like(g)",
        ),
        ("the norm of (0, 0) has the derivative NaN", "a / xp.where(y == 0, 1, y)", "a / y"),
    ),
    *wrong(
        "minigrad.ops.axes",
        (
            "the axis of a reduction comes back in the wrong place",
            "tuple(1 if i in axes else n for i, n in enumerate(shape))",
            "(*[n for i, n in enumerate(shape) if i not in axes], *[1] * len(axes))",
        ),
    ),
    *wrong(
        "minigrad.ops.reductions",
        ("a mean passes on the sum's gradient", "g / (count_of(shape, axis) or 1)", "g"),
        (
            "a mean over an axis divides by the number of all elements",
            "g / (count_of(shape, axis) or 1)",
            "g / (count_of(shape, None) or 1)",
        ),
        (
            "the derivative of the variance lacks the factor 2",
            "scale = 2 * per_degree(",
            "scale = per_degree(",
        ),
        (
            "the derivative of the variance ignores the correction",
            "n = count_of(shape, axis) - correction",
            "n = count_of(shape, axis)",
        ),
        (
            "the standard deviation of equal values has the derivative NaN",
            "g / xp.where(y == 0, 1, y)",
            "g / y",
        ),
        (
            "elements that tie for the maximum get the whole gradient each",
            "g * attains / xp.sum(attains, axis=axis, keepdims=True)",
            "g * attains",
        ),
        (
            "the derivative of a product divides by the element, which may be 0",
            "restore_axes(xp, g, x.shape, axis, keepdims) * others",
            "restore_axes(xp, g * y, x.shape, axis, keepdims) / x",
        ),
        (
            "the gradient of a running sum runs in the same direction",
            "xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)",
            "xp.cumulative_sum(g, axis=axis)",
        ),
    ),
    *wrong(
        "minigrad.ops.softmax",
        (
            "the Jacobian of softmax is its diagonal",
            "y * (g - xp.sum(g * y, axis=axis, keepdims=True))",
            "y * (1 - y) * g",
        ),
        (
            "the Jacobian of log_softmax is its diagonal",
            "xp.exp(y) * xp.sum(g, axis=axis, keepdims=True)",
            "xp.exp(y) * g",
        ),
        (
            "softmax overflows, as nothing is subtracted",
            "e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))",
            "e = xp.exp(x)",
        ),
    ),
)
