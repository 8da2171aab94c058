"""Operations of several outputs: a primitive for each output, and one forward for all.

A derivative is linear in the cotangents, so what reaches an input is the sum of what each output
sends there. Hence every output has a rule and a node of its own, and the walk need not know that
others were computed with it: an output that nobody differentiates costs nothing, and a derivative
that one output lacks is no obstacle to the others.

What the outputs share is the forward. It computes them once, and each of their rules may read them
all: they are residuals, rebuilt from Tensors for the second derivative.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import partial
from typing import Any

from .primitive import Rule, primitive
from .record import recorded
from .tensor import Node, Tensor

__all__ = ["several"]


def several(name: str, forward: Callable[..., Any], **rules: Rule) -> Callable[..., Any]:
    """An operation of one input whose outputs are named by their rules; it returns a named tuple.

    `forward` is `(xp, x, **params)` and returns the outputs in that order. A rule is
    `(xp, g, y, outputs, x, **params)`: what arrives at x when `g` arrives at the one output `y`.
    """
    result: Any = namedtuple(name, rules)  # type: ignore[misc]
    first, *others = [
        primitive(f"{name}.{output}", rule, forward=partial(leading, i, forward), residuals=True)
        for i, (output, rule) in enumerate(rules.items())
    ]

    def call(x: Any, /, **params: Any) -> Any:
        y, outputs = first(x, **params)
        device, node = y.device, y.node
        backend = device.backend
        raw = [output.data for output in outputs]
        found = [y]
        for other, z in zip(others, raw[1:], strict=True):
            z = z if z.__class__ is backend.array_type else backend.asarray(z)
            if isinstance(node, Node):
                live, inputs = node.parents[0], node.inputs or ()
                found.append(recorded(other, device, live, (live,), inputs, params, z, raw))
            else:
                found.append(Tensor(z, device, node))
        return result(*found)

    call.__name__ = name
    return call


def leading(i: int, forward: Callable[..., Any], xp: Any, *inputs: Any, **params: Any) -> Any:
    """Output i of the forward, and after it, as residuals, all of them."""
    outputs = forward(xp, *inputs, **params)
    return outputs[i], *outputs
