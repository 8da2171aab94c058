"""Two operations of another package: softsign, and a swish whose derivative forgets a term."""

from __future__ import annotations

from minigrad.extend import elementwise

softsign = elementwise(
    "softsign",
    lambda xp, g, y, x: g / (1 + xp.abs(x)) ** 2,
    forward=lambda xp, x: x / (1 + xp.abs(x)),
)

# d/dx x s(x) = s(x) + x s(x) (1 - s(x)); the second term is missing.
swish = elementwise(
    "swish",
    lambda xp, g, y, x: g / (1 + xp.exp(-x)),
    forward=lambda xp, x: x / (1 + xp.exp(-x)),
)
