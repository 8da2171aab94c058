"""The derivative by a complex number, and the doors of the walk where its two conventions meet.

A real loss L that depends on z = a + ib has two derivatives, dL/da and dL/db. Outside the walk, in
`grad`, hooks and cotangents handed in, they are packed as PyTorch does it,

    dL/da + i dL/db,

the direction in which L grows fastest, so that z - lr * z.grad is a step downhill. Inside the walk
they are packed as the conjugate of that, g = dL/da - i dL/db, for which dL = Re(g dz). So where
y = f(z) is holomorphic, dL = Re(g f'(z) dz): the rule `g * f'(z)` that the table has for real
numbers holds for complex ones as it stands, and a linear map is pulled back by its transpose.
Of a real x among complex inputs only Re(g dx) matters, so it receives the real part.

Nothing else is special: a rule that is right for this g, and is made of operations whose rules
are, is right at every order.
"""

from __future__ import annotations

from typing import Any

from ..backends import Device
from ..tensor import Node, Tensor, namespace

__all__ = ["has_complex_input", "no_rule_for_complex", "through_the_door"]


def through_the_door(device: Device, g: Any) -> Any:
    """A cotangent, raw or recorded, on its way into the walk or out of it."""
    if isinstance(g, Tensor):
        return namespace.conj(g) if g.dtype.kind == "c" else g
    return g if g.dtype in device.backend.floats else device.backend.xp.conj(g)


def has_complex_input(node: Node) -> bool:
    """Whether a node was computed from complex numbers."""
    backend = node.device.backend
    for x in node.inputs or ():
        dtype = getattr(x, "dtype", None)
        if dtype is None or dtype in backend.floats:
            continue
        if backend.canonical_dtype(dtype).kind == "c":
            return True
    return False


def no_rule_for_complex(what: str, node: Node) -> TypeError:
    """What to do about an operation that has no derivative through complex numbers."""
    return TypeError(
        f"{what}: {node!r}, has no derivative through complex numbers; apply it to mg.real(z), "
        "mg.imag(z) or mg.abs(z), or detach() it if it is a constant"
    )
