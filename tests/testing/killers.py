"""Which of our own tests are to catch the mistakes of each family."""

from __future__ import annotations

killers = {
    "engine": ["tests/engine"],
    "operations": ["tests/primitives"],
    "linear algebra": ["tests/primitives", "tests/linalg"],
    "nets": ["tests/nn", "tests/optim", "tests/primitives"],
    "batch norm": ["tests/bn"],
}
