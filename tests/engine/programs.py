"""Random programs: well-typed graphs with re-use, broadcasting, slicing, joining and assignment.

A program is a list of steps; each applies an operation, written over the array API standard, to
values made before. minigrad runs it as it stands, PyTorch through array-api-compat. Values have
shapes (2, 3), (3,), (2, 1) or (); an operation that wants a matrix broadcasts what it gets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

__all__ = ["Step", "drawn", "loss_of", "programs", "run"]

Operation = Callable[..., Any]


def full(xp: Any, a: Any) -> Any:
    return xp.broadcast_to(a, (2, 3))


def changed(xp: Any, a: Any, key: Any, v: Any) -> Any:
    """A matrix like `a` in memory of its own, with v assigned to a part of it."""
    y = full(xp, a) + 0.0
    y[key] = v
    return y


unary: dict[str, Operation] = {
    "tanh": lambda xp, a: xp.tanh(a),
    "sine": lambda xp, a: xp.sin(a),
    "exp of sine": lambda xp, a: xp.exp(xp.sin(a)),
    "square of tanh": lambda xp, a: xp.tanh(a) ** 2,
    "log1p of square": lambda xp, a: xp.log1p(a * a),
    "root": lambda xp, a: xp.sqrt(a * a + 1.0),
    "column sums": lambda xp, a: xp.sum(full(xp, a), axis=0),
    "row means": lambda xp, a: xp.mean(full(xp, a), axis=1, keepdims=True),
    "total": lambda xp, a: xp.sum(a) / 4,
    "variance": lambda xp, a: xp.var(full(xp, a), axis=1, keepdims=True),
    "running sum": lambda xp, a: xp.cumulative_sum(full(xp, a), axis=1) / 2,
    "column": lambda xp, a: full(xp, a)[:, 1:2],
    "last row": lambda xp, a: full(xp, a)[-1, :],
    "back to front": lambda xp, a: xp.flip(full(xp, a), axis=1),
    "rolled": lambda xp, a: xp.roll(full(xp, a), 1, axis=1),
    "wound": lambda xp, a: xp.reshape(xp.permute_dims(full(xp, a), (1, 0)), (2, 3)),
    "taken twice": lambda xp, a: xp.take(full(xp, a), like(xp, [2, 0, 2], a), axis=1),
    "first zeroed": lambda xp, a: changed(xp, a, (0, slice(None)), 0.0),
}
binary: dict[str, Operation] = {
    "add": lambda xp, a, b: a + b,
    "subtract": lambda xp, a, b: a - b,
    "multiply": lambda xp, a, b: xp.tanh(a) * xp.tanh(b),
    "divide": lambda xp, a, b: a / (b * b + 1.0),
    "choose": lambda xp, a, b: xp.where(full(xp, a) > 0.1, a, b),
    "gram": lambda xp, a, b: full(xp, a) @ xp.matrix_transpose(full(xp, b)) @ full(xp, b) / 9,
    "join": lambda xp, a, b: xp.concat([full(xp, a)[:, :2], full(xp, b)[:, :1]], axis=1),
    "stack": lambda xp, a, b: xp.sum(xp.stack([full(xp, a), full(xp, b)]), axis=0),
    "assign row": lambda xp, a, b: changed(xp, a, (1, slice(None)), full(xp, b)[0, :]),
    "assign part": lambda xp, a, b: changed(xp, a, (slice(None), slice(1, None)), xp.sum(b) / 6),
}
operations = unary | binary

shapes = [(2, 3), (3,), (2, 1), ()]


def like(xp: Any, indices: list[int], a: Any) -> Any:
    """Integers on the device of `a`."""
    return xp.asarray(indices, device=a.device)


class Step(NamedTuple):
    """An operation by name, and the numbers of the values it takes, counted from the latest."""

    name: str
    operands: tuple[int, ...]


places = st.integers(0, 5)
any_step = st.one_of(
    st.builds(Step, st.sampled_from(sorted(unary)), st.tuples(places)),
    st.builds(Step, st.sampled_from(sorted(binary)), st.tuples(places, places)),
)
programs = st.lists(any_step, min_size=3, max_size=10)


def run(xp: Any, program: list[Step], leaves: list[Any]) -> list[Any]:
    """All values that the program makes, the leaves first."""
    values = list(leaves)
    for name, operands in program:
        values.append(operations[name](xp, *(values[-1 - i % len(values)] for i in operands)))
    return values


def loss_of(xp: Any, program: list[Step], leaves: list[Any]) -> Any:
    """A sum that no value's gradient is lost in: of squares, each weighed differently."""
    values = run(xp, program, leaves)
    return sum((0.5 + i / 10) * xp.sum(v * v) for i, v in enumerate(values))


def drawn(seed: int) -> tuple[list[Any], list[Any]]:
    """Values for the leaves, and directions to differentiate in."""
    rng = np.random.default_rng(seed)
    leaves = [rng.uniform(-1.5, 1.5, shape) for shape in shapes]
    return leaves, [rng.uniform(-1.5, 1.5, shape) for shape in shapes]
