"""From an array function and its rules to a recorded operation.

A *primitive* is a function of arrays, and for each of them a *rule*: the vector-Jacobian product,
written over `xp`.

    exp      = elementwise("exp",      lambda xp, g, y, x: g * y)
    multiply = elementwise("multiply", lambda xp, g, y, a, b: g * b,
                                       lambda xp, g, y, a, b: g * a)

`g` is the gradient of the output `y`, the rest are the inputs; parameters come by keyword. Given
NumPy as `xp` and arrays, the rule computes a gradient. Given minigrad and Tensors, the same line
records one, and the gradient can be differentiated again.

**The law of residuals.** A rule may remember its inputs, its output, and nothing else, unless the
forward is itself written over `xp`: then what it computed on the way can be rebuilt from Tensors,
and depends on them as it should.

What a rule does not read is not kept: an input of which it asks at most the shape and dtype is
remembered as a `Form`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .operation import Primitive, Rule, all_primitives, observe
from .straight import Binary, Unary

__all__ = ["Primitive", "Rule", "all_primitives", "elementwise", "observe", "primitive"]


def primitive(
    name: str,
    *rules: Rule | None,
    forward: Callable[..., Any] | None = None,
    joint: Rule | None = None,
    residuals: bool = False,
    optional: bool = False,
    promotes: bool = False,
    floating: bool = False,
    constant: bool = False,
    complex: bool = False,
    wrapped: bool = False,
    diagnose: Callable[..., str | None] | None = None,
) -> Primitive:
    """An operation on Tensors, from its function of arrays and its rules.

    Arguments: one rule an input, `(xp, g, y, *inputs, **params)` (None where an input has no
    derivative), or one `joint` rule that returns a tuple with an entry for each input. `forward`
    is `(xp, *inputs, **params)`; without it, the backend's function of the same name is meant.
    With `residuals=True`, forward returns `(y, *residuals)` and the rules receive the tuple of
    residuals after `y`; see the law of residuals. With `optional`, an input may be None: it is
    absent, and both forward and rules receive the None. With `promotes`, an integer input beside a
    floating one takes its dtype; with `floating`, integers alone become the default floating
    dtype, too. `constant` says that the output is integer or
    boolean, `complex` that the rules hold for complex numbers too, in the convention of
    `minigrad.autograd.complex`; without it a derivative through them is an error.
    `diagnose(*inputs, **params)` explains a failed call, and runs only then. `wrapped` says
    that only a function of minigrad's own calls it, so that the user's line is farther away.

    A gradient that has not its input's shape is an error, never broadcast or summed to fit.
    """
    kind: type[Primitive] = Primitive
    if not residuals:
        kind = Unary if len(rules) == 1 else Binary if len(rules) == 2 and promotes else Primitive
    return kind(
        name,
        rules,
        forward=forward,
        joint=joint,
        residuals=residuals,
        optional=optional,
        promotes=promotes or floating,
        floating=floating,
        constant=constant,
        complex=complex,
        wrapped=wrapped,
        diagnose=diagnose,
    )


def elementwise(
    name: str,
    *rules: Rule | None,
    forward: Callable[..., Any] | None = None,
    floating: bool = False,
    constant: bool = False,
    complex: bool = False,
) -> Primitive:
    """An operation on Tensors that works element by element and broadcasts its inputs.

    As `primitive`, but rules know nothing of broadcasting and mixed dtypes: what reaches an input
    is summed to its shape. Python numbers are weak; an integer input beside a floating one takes
    its dtype; with `floating`, integers alone become the default floating dtype.
    """
    kind = Unary if len(rules) == 1 else Binary if len(rules) == 2 and not constant else Primitive
    return kind(
        name,
        rules,
        forward=forward,
        broadcasts=True,
        promotes=True,
        floating=floating,
        constant=constant,
        complex=complex,
    )
