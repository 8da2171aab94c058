"""Random programs: well-typed graphs with re-use, broadcasting, slicing, joining and assignment.

A program is a list of steps; each applies an operation, an expression over the array API standard,
to values made before. minigrad runs it as it stands, PyTorch through array-api-compat. Values have
shapes (2, 3), (3,), (2, 1) or (); an operation that wants a matrix broadcasts what it gets. A
program shows itself as the source that it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

__all__ = ["Program", "Step", "drawn", "jumps", "loss_of", "operations", "programs", "run"]


def full(xp: Any, a: Any) -> Any:
    """`a` as a matrix."""
    return xp.broadcast_to(a, (2, 3))


def indices(xp: Any, numbers: list[int], a: Any) -> Any:
    """Integers on the device of `a`."""
    return xp.asarray(numbers, device=a.device)


def separate(a: Any) -> Any:
    """PyTorch writes into memory that others see; a Tensor of minigrad is a value as it is."""
    return a.clone() if hasattr(a, "clone") else a


def assigned(xp: Any, a: Any, key: Any, v: Any) -> Any:
    """A matrix like `a` with v assigned to a part; what was taken from it before stays."""
    y = full(xp, a) + 0.0
    row, product = y[1, :], y * y
    y = separate(y)
    y[key] = v
    return y * row + product


def increased(xp: Any, a: Any, b: Any) -> Any:
    """A matrix like `a`, increased in place after it was used."""
    y = full(xp, a) * 1.0
    product = xp.tanh(y) * y
    y = separate(y)
    y += full(xp, b)
    return xp.tanh(y) + product


def added(xp: Any, a: Any, key: Any, v: Any) -> Any:
    """A matrix like `a` with v added to a part."""
    y = full(xp, a) + 0.0
    if hasattr(y, "at"):
        return y.at[key].add(v)
    y = y.clone()
    y[key] += v
    return y


unary: dict[str, str] = {
    "tanh": "xp.tanh(a)",
    "sine": "xp.sin(a)",
    "exp of sine": "xp.exp(xp.sin(a))",
    "square of tanh": "xp.tanh(a) ** 2",
    "log1p of square": "xp.log1p(a * a)",
    "root": "xp.sqrt(a * a + 1.0)",
    "from a number": "1.5 - a / 2",
    "column sums": "xp.sum(full(xp, a), axis=0)",
    "row means": "xp.mean(full(xp, a), axis=1, keepdims=True)",
    "total": "xp.sum(a) / 4",
    "variance": "xp.var(full(xp, a), axis=1, keepdims=True)",
    "running sum": "xp.cumulative_sum(full(xp, a), axis=1) / 2",
    "column": "full(xp, a)[:, 1:2]",
    "last row": "full(xp, a)[-1, :]",
    "every other": "xp.broadcast_to(full(xp, a)[:, ::2][:, :1], (2, 3))",
    "back to front": "xp.flip(full(xp, a), axis=1)",
    "rolled": "xp.roll(full(xp, a), 1, axis=1)",
    "wound": "xp.reshape(xp.permute_dims(full(xp, a), (1, 0)), (2, 3))",
    "taken twice": "xp.take(full(xp, a), indices(xp, [2, 0, 2], a), axis=1)",
    "first zeroed": "assigned(xp, a, (0, slice(None)), 0.0)",
    "rounded": "xp.astype(xp.astype(a, xp.float32), xp.float64)",
    "counted": "a * xp.astype(xp.astype(full(xp, a) > 0.1, xp.int32), xp.float64)",
}
binary: dict[str, str] = {
    "add": "a + b",
    "subtract": "a - b",
    "multiply": "xp.tanh(a) * xp.tanh(b)",
    "divide": "a / (b * b + 1.0)",
    "choose": "xp.where(full(xp, a) > 0.1, a, b)",
    "mixed dtypes": "xp.tanh(full(xp, a)) * xp.astype(xp.tanh(full(xp, b)), xp.float32)",
    "gram": "full(xp, a) @ xp.matrix_transpose(full(xp, b)) @ full(xp, b) / 9",
    "join": "xp.concat([full(xp, a)[:, :2], full(xp, b)[:, :1]], axis=1)",
    "stack": "xp.sum(xp.stack([full(xp, a), full(xp, b), full(xp, a)]), axis=0)",
    "assign row": "assigned(xp, a, (1, slice(None)), full(xp, b)[0, :])",
    "assign part": "assigned(xp, a, (slice(None), slice(1, None)), xp.sum(b) / 6)",
    "add to part": "added(xp, a, (slice(None), slice(0, 2)), xp.sum(b) / 6)",
    "increase": "increased(xp, a, b)",
}
operations = unary | binary

jumps = {"choose", "counted", "rounded", "mixed dtypes"}
"""Operations that finite differences of float64 do not fit: comparisons, and float32."""

functions: dict[str, Callable[..., Any]] = {
    **{name: eval(f"lambda xp, a: {text}") for name, text in unary.items()},
    **{name: eval(f"lambda xp, a, b: {text}") for name, text in binary.items()},
}

shapes = [(2, 3), (3,), (2, 1), ()]


class Step(NamedTuple):
    """An operation by name, and the numbers of the values it takes, counted from the latest."""

    name: str
    operands: tuple[int, ...]


class Program(tuple[Step, ...]):
    """Steps; the values before the first one are the leaves v0, v1, v2 and v3."""

    def __repr__(self) -> str:
        lines = [f"v{i} = leaf of shape {shape}" for i, shape in enumerate(shapes)]
        for step, operands in zip(self, self.operands(), strict=True):
            names = dict(zip("ab", (f"v{i}" for i in operands), strict=False))
            text = re.sub(r"\b[ab]\b", lambda found: names[found[0]], operations[step.name])  # noqa: B023
            lines.append(f"v{len(lines)} = {text}")
        return "\n" + "\n".join(lines)

    def operands(self) -> list[tuple[int, ...]]:
        """The numbers of the values that each step takes, counted from the first."""
        made = range(len(shapes), len(shapes) + len(self))
        return [
            tuple(n - 1 - i % n for i in step.operands) for n, step in zip(made, self, strict=True)
        ]

    def without(self, names: set[str]) -> Program:
        """The program less the steps of these names."""
        return Program(step for step in self if step.name not in names)


places = st.integers(0, 5)
any_step = st.one_of(
    st.builds(Step, st.sampled_from(sorted(unary)), st.tuples(places)),
    st.builds(Step, st.sampled_from(sorted(binary)), st.tuples(places, places)),
)
programs = st.lists(any_step, min_size=3, max_size=10).map(Program)


def run(xp: Any, program: Program, leaves: list[Any]) -> list[Any]:
    """All values that the program makes, the leaves first."""
    values = list(leaves)
    for step, operands in zip(program, program.operands(), strict=True):
        values.append(functions[step.name](xp, *(values[i] for i in operands)))
    return values


def loss_of(xp: Any, program: Program, leaves: list[Any]) -> Any:
    """A sum that no value's gradient is lost in: of squares, each weighed differently."""
    values = run(xp, program, leaves)
    return sum((0.5 + i / 10) * xp.sum(v * v) for i, v in enumerate(values))


def drawn(seed: int) -> tuple[list[Any], list[Any]]:
    """Values for the leaves, and directions to differentiate in."""
    rng = np.random.default_rng(seed)
    leaves = [rng.uniform(-1.5, 1.5, shape) for shape in shapes]
    return leaves, [rng.uniform(-1.5, 1.5, shape) for shape in shapes]
