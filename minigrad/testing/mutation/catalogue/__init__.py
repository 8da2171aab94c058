"""The mistakes that people make in rules, engines, nets and batch norm, seeded one at a time.

One file a family, one table a module: what is wrong, what the source says, and the mistake in its
place. A test sees to it that every text still occurs, once.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..mutant import Mutant
from .batch_norm import batch_norm
from .engine import engine
from .linear_algebra import linear_algebra
from .nets import nets
from .operations import operations

__all__ = ["catalogue", "families", "of_families"]

catalogue: tuple[Mutant, ...] = engine + operations + linear_algebra + nets + batch_norm

families: tuple[str, ...] = tuple(dict.fromkeys(mutant.family for mutant in catalogue))


def of_families(names: Iterable[str]) -> tuple[Mutant, ...]:
    """The mutants of the families named, or all for no name. Raises ValueError for another name."""
    names = tuple(names)
    for name in names:
        if name not in families:
            raise ValueError(f"mutants: there is no family {name!r}, but {', '.join(families)}")
    return tuple(m for m in catalogue if not names or m.family in names)
