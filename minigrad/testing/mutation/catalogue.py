"""The mistakes that people make in rules, engines and batch norm, seeded one at a time.

Each was made by somebody: in a library, a course or a pull request. `old` is what the source says,
`new` the mistake. A test sees to it that every `old` still occurs, once.
"""

from __future__ import annotations

from .mutant import Mutant

__all__ = ["catalogue"]

catalogue: tuple[Mutant, ...] = (
    Mutant(
        "engine",
        "cotangents overwrite instead of adding up",
        "minigrad.autograd.walk",
        "gradient = cotangents[parent] + gradient",
        "pass",
    ),
    Mutant(
        "operations",
        "the derivative of the cosine has the wrong sign",
        "minigrad.ops.elementwise",
        "-g * xp.sin(x)",
        "g * xp.sin(x)",
    ),
)
