"""A function at a point: what every check of derivatives asks of it, in terms of NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg

__all__ = ["Point", "cotangents", "inner"]

Array = np.ndarray[Any, Any]
Flat = Callable[..., list[mg.Tensor]]


class Point:
    """A flat function of Tensors, and the values at which it is differentiated.

    `what` is what a failure calls it, `call` the check that reproduces the failure.
    """

    def __init__(
        self, f: Any, values: list[Array], names: list[str], terms: int, what: str, call: str
    ) -> None:
        self.f: Flat = f
        self.leaves: Callable[[Sequence[Array]], list[mg.Tensor]] = f.leaves
        self.values = values
        self.names = names
        self.terms = terms
        self.what = what
        self.call = call

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """The values of the function."""
        return [y.detach().numpy() for y in self.f(*self.leaves(values))]

    def projected(self, us: Sequence[Array]) -> Callable[..., Array]:
        """The function against cotangents: one number."""
        return lambda *values: np.asarray(inner(us, self.outputs(values)))

    def pulled_back(self, us: Sequence[Array]) -> list[Array]:
        """The gradient of every input under the cotangents `us`."""
        leaves = self.leaves(self.values)
        return [g.detach().numpy() for g in pull_back(self.f(*leaves), leaves, us, False)]

    def pushed_forward(self, vs: Sequence[Array]) -> list[Array]:
        """The derivative of every output along the directions `vs`."""
        leaves = self.leaves(self.values)
        tangents = tuple(mg.asarray(v, device=x.device) for v, x in zip(vs, leaves, strict=True))
        sizes = [math.prod(y.shape) for y in self.outputs(self.values)]
        joined = lambda *xs: mg.concat([mg.reshape(y, (-1,)) for y in self.f(*xs)])
        _, pushed = mg.jvp(joined, tuple(x.detach() for x in leaves), tangents)
        parts = np.split(pushed.detach().numpy(), np.cumsum(sizes)[:-1])
        return [
            part.reshape(y.shape) for part, y in zip(parts, self.outputs(self.values), strict=True)
        ]

    def gradient(self, rng: np.random.Generator) -> Point:
        """The gradient as a function of the inputs and of a random cotangent."""
        us = cotangents(self.outputs(self.values), rng)
        return Point(
            Gradient(self),
            [*self.values, *us],
            [*self.names, *[f"the cotangent of output {i}" for i in range(len(us))]],
            self.terms + sum(u.size for u in us),
            self.what,
            self.call,
        )


class Gradient:
    """The gradient of a flat function, as a flat function of its inputs and cotangents."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.n = len(point.values)

    def leaves(self, values: Sequence[Array]) -> list[mg.Tensor]:
        """The inputs as the function makes them, and its cotangents."""
        xs = self.point.leaves(values[: self.n])
        device = xs[0].device
        us = [mg.tensor(u, device=device, requires_grad=True) for u in values[self.n :]]
        return [*xs, *us]

    def __call__(self, *points: mg.Tensor) -> list[mg.Tensor]:
        """The gradients, recorded."""
        xs, us = points[: self.n], points[self.n :]
        # Identities, so that what is differentiated is a function of these inputs alone.
        xs = tuple(mg.positive(x) for x in xs)
        return pull_back(self.point.f(*xs), list(xs), us, True)


def pull_back(
    ys: list[mg.Tensor], xs: list[mg.Tensor], us: Sequence[Any], create_graph: bool
) -> list[mg.Tensor]:
    """The gradient of every x under the cotangents of every y; zeros where nothing arrives."""
    pairs = [
        (y, u if isinstance(u, mg.Tensor) else mg.asarray(u, device=y.device))
        for y, u in zip(ys, us, strict=True)
        if y.requires_grad
    ]
    if not pairs:
        return [mg.zeros_like(x.detach()) for x in xs]
    found = mg.autograd.grad(
        [y for y, _ in pairs], xs, [u for _, u in pairs], create_graph=create_graph,
        allow_unused=True,
    )  # fmt: skip
    return [mg.zeros_like(x.detach()) if g is None else g for g, x in zip(found, xs, strict=True)]


def cotangents(arrays: Sequence[Array], rng: np.random.Generator) -> list[Array]:
    """Random arrays of the same shapes and dtypes, no element tiny."""
    return [random_like(x, rng) for x in arrays]


def random_like(x: Array, rng: np.random.Generator) -> Array:
    """A random array; of complex numbers, with a real and an imaginary part."""
    found = rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1.5, x.shape)
    if x.dtype.kind == "c":
        found = found + 1j * random_like(x.real, rng)
    return np.asarray(found).astype(x.dtype)


def inner(xs: Sequence[Array], ys: Sequence[Array]) -> float:
    """The inner product of two lists of arrays, in float64; that of both parts if complex."""
    return sum(
        float(np.sum(np.real(np.conj(x).astype(wide(x)) * y.astype(wide(y)))))
        for x, y in zip(xs, ys, strict=True)
    )


def wide(x: Array) -> Any:
    """float64 or complex128."""
    return np.complex128 if x.dtype.kind == "c" else np.float64
