"""Records of complex numbers: every operation whose rules are said to hold for them.

Functions come in families, each as a sum in which every member has a weight of its own: what one
of them gets wrong, no other can hide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.nn import functional as F

from ..domain import Domain
from ..record import Case, OpRecord, Sides, named
from ..strategies.arrays import seeds, shapes
from ..strategies.calls import any_axis, broadcasting, inputs_from, one_array, one_axis
from .kinds import unary

__all__ = ["composed", "families", "records"]

plane = Domain(-2, 2, kind="c")
off_axes = Domain(-2, 2, away=(0.0,), margin=0.3, kind="c")
"""All four quadrants, but neither a branch cut nor a pole: those lie on the axes."""
right = Domain(0.3, 2, kind="c")
small = Domain(-1, 1, away=(0.0,), margin=0.3, kind="c")
halves = Domain(-2, 2, away=(-1.5, -0.5, 0.5, 1.5), kind="c")
line = Domain(-2, 2)

weights = (1, 0.7 - 0.2j, -0.4 + 0.5j, 0.3, 0.6j, -0.5)

families: dict[str, tuple[Domain, tuple[str, ...]]] = {
    "exponentials": (plane, ("exp", "expm1", "square", "positive", "negative")),
    "logarithms and roots": (off_axes, ("log", "log2", "log10", "sqrt", "reciprocal")),
    "log1p": (right, ("log1p",)),
    "trigonometric functions": (small, ("sin", "cos", "tan")),
    "hyperbolic functions": (small, ("sinh", "cosh", "tanh")),
    "inverse trigonometric functions": (off_axes, ("asin", "acos", "atan")),
    "inverse hyperbolic functions": (off_axes, ("asinh", "acosh", "atanh")),
    "absolute values and signs": (off_axes, ("abs", "sign")),
}


def family(name: str, domain: Domain, members: tuple[str, ...]) -> OpRecord:
    """The row of a weighted sum of functions of one complex argument."""

    def total(xp: Any, z: Any) -> Any:
        functions = (getattr(xp, "sgn" if xp is not mg and m == "sign" and xp is not np else m)
                     for m in members)  # fmt: skip
        return sum(w * f(z) for w, f in zip(weights, functions, strict=False))

    return OpRecord(
        f"complex {name}", None, lambda z: total(mg, z), one_array(domain),
        lambda z: np.asarray(total(np, z)), total, sums=True,
        kinks="0 at 0" if "abs" in members else "",
    )  # fmt: skip


def operation(name: str, a: Domain, b: Domain, label: str = "") -> OpRecord:
    """The row of an elementwise function of two arguments, one of which at least is complex."""
    call = named(name)
    return OpRecord(
        f"complex {label or name}", None, call, broadcasting(a, b), getattr(np, name), name
    )


def linear(
    name: str, f: Callable[..., Any], params: Any = lambda draw, shape: {}, min_dims: int = 0
) -> OpRecord:
    """The row of a function of one array, `f(xp, z)`, written over the standard."""
    return OpRecord(
        f"complex {name}", None, lambda z, **p: f(mg, z, **p), one_array(plane, params, min_dims),
        lambda z, **p: f(np, z, **p), sums=True,
    )  # fmt: skip


@st.composite
def products(draw: st.DrawFn, sides: Sides) -> Case:
    """Two operands of a matrix product, vectors among them, complex and real."""
    rows, inner, columns = (draw(st.sampled_from(sides)) for _ in range(3))
    left: tuple[int, ...] = (inner,)
    right: tuple[int, ...] = (inner,)
    if draw(st.booleans()):
        left = (*draw(shapes(0, 1, sides)), rows, inner)
    if draw(st.booleans()):
        right = (inner, columns)
    domains = draw(st.sampled_from([(plane, plane), (line, plane), (plane, line)]))
    return Case(inputs_from(domains, [left, right], draw(seeds)), {})


@st.composite
def affine(draw: st.DrawFn, sides: Sides) -> Case:
    """Input, weight and perhaps bias of an affine map; the bias may be real."""
    samples, features, n = (draw(st.sampled_from(sides)) for _ in range(3))
    found = [(samples, features), (n, features), (n,)][: draw(st.integers(2, 3))]
    domains = [plane, plane, draw(st.sampled_from([plane, line]))][: len(found)]
    return Case(inputs_from(domains, found, draw(seeds)), {})


@st.composite
def pairs_of_vectors(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(1, 3, sides))
    stretched = (*(draw(st.sampled_from([1, n])) for n in shape[:-1]), shape[-1])
    return Case(inputs_from((plane, plane), [stretched, shape], draw(seeds)), {})


def exponents(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, complex]:
    return {"exponent": draw(st.sampled_from([0, 1, 3, -1, 0.5, -1.5, 1j, 0.5 - 2j]))}


def rearranged(xp: Any, z: Any) -> Any:
    """Rolled, mirrored, transposed, cut to triangles, joined, copied: all of it linear."""
    z = xp.roll(xp.flip(z, axis=0), 1, axis=-1)
    z = xp.stack([xp.tril(z), 2j * xp.triu(z, k=1)])
    z = xp.concat([z, xp.astype(xp.real(z), z.dtype)], axis=0)
    z = xp.matrix_transpose(z)
    return xp.reshape(xp.permute_dims(xp.broadcast_to(z, (2, *z.shape)), (1, 0, 3, 2)), (-1,))


def torch_prod(t: Any, x: Any, axis: int) -> Any:
    return t.prod(x, dim=axis)


def assigned(z: mg.Tensor, v: mg.Tensor) -> mg.Tensor:
    """`z` with v at the first and last places, then every second place taken."""
    y = mg.broadcast_to(z, (2, 3)) * 1
    y[..., [0, -1]] = v
    return y[..., ::2]


def assigned_in_numpy(z: Any, v: Any) -> Any:
    y = np.broadcast_to(z, (2, 3)) * 1
    y[..., [0, -1]] = v
    return y[..., ::2]


def one_of_shape(*shape: int) -> Callable[[Sides], st.SearchStrategy[Case]]:
    return lambda sides: seeds.map(lambda seed: Case(inputs_from((plane,), [shape], seed), {}))


def row_and_column(sides: Sides) -> st.SearchStrategy[Case]:
    return seeds.map(lambda seed: Case(inputs_from((plane, line), [(1, 3), (2, 1)], seed), {}))


records = [
    unary(mg.conj, plane, reference=np.conj),
    unary(mg.real, plane, reference=lambda z: np.array(np.real(z))),
    unary(named("imag"), plane, reference=lambda z: np.array(np.imag(z))),
]

composed: list[OpRecord] = [
    *(family(name, *members) for name, members in families.items()),
    OpRecord("complex round", None, mg.round, one_array(halves), np.round,
        lambda t, z: t.complex(t.round(z.real), t.round(z.imag)), kinks="0 everywhere"),
    operation("add", plane, line),
    operation("subtract", line, plane),
    operation("multiply", line, plane, "multiply by a real number"),
    operation("multiply", plane, plane),
    operation("divide", plane, off_axes),
    operation("divide", line, off_axes, "divide of a real number"),
    operation("pow", off_axes, plane),
    operation("pow", Domain(-2, 2, away=(0.0,), margin=0.3), plane, "pow of a real base"),
    operation("pow", off_axes, line, "pow by a real exponent"),
    OpRecord("complex power", None, named("power"), one_array(off_axes, exponents),
        lambda z, exponent: z**exponent, lambda t, z, exponent: t.pow(z, exponent)),
    OpRecord("complex scalars beside real numbers", None, lambda x: (2 - 1j) * x + 1j,
        one_array(line),
        lambda x: (2 - 1j) * x + 1j, lambda t, x: (2 - 1j) * x + 1j),
    OpRecord("complex where", None, mg.where, broadcasting(Domain(kind="b"), plane, line), np.where,
        lambda t, c, a, b: t.where(c, a, b.to(t.complex128))),
    linear("sum", lambda xp, z, **p: xp.sum(z, **p), any_axis),
    linear("mean", lambda xp, z, **p: xp.mean(z, **p), any_axis),
    linear("cumulative_sum", lambda xp, z, axis: xp.cumulative_sum(z, axis=axis), one_axis, 1),
    OpRecord("complex prod", None, mg.prod, one_array(plane, one_axis, 1), np.prod, torch_prod,
        sums=True),
    OpRecord("complex cumulative_prod", None, mg.cumulative_prod, one_array(plane, one_axis, 1),
        np.cumulative_prod, lambda t, z, axis: t.cumprod(z, dim=axis), sums=True),
    OpRecord("complex arrangements", None, lambda z: rearranged(mg, z), one_of_shape(3, 2),
        lambda z: rearranged(np, z), sums=True),
    OpRecord("complex assignment", None, assigned, row_and_column, assigned_in_numpy, sums=True),
    OpRecord("complex sliding_window_view", None, lambda z: mg.sliding_window_view(z, 2),
        one_of_shape(2, 4),
        lambda z: np.lib.stride_tricks.sliding_window_view(z, 2, axis=-1),
        lambda t, z: z.unfold(-1, 2, 1)),
    OpRecord("complex fold", None, lambda z: mg.fold(mg.windows(z, (2,)), (4,)), one_of_shape(2, 4),
        lambda z: z * np.array([1, 2, 2, 1]), sums=True),
    OpRecord("complex scatter_add", None, lambda z: mg.scatter_add(z, [1, 0, 1], (2,)),
        one_of_shape(3),
        lambda z: np.array([z[1], z[0] + z[2]]), sums=True),
    OpRecord("complex matmul", None, mg.matmul, products, np.matmul,
        lambda t, a, b: t.matmul(a.to(t.complex128), b.to(t.complex128)), sums=True),
    OpRecord("complex linear", None, F.linear, affine,
        lambda x, weight, *bias: x @ weight.T + sum(bias),
        lambda t, *xs: t.nn.functional.linear(*(x.to(t.complex128) for x in xs)), sums=True),
    OpRecord("complex vecdot", None, mg.vecdot, pairs_of_vectors, np.vecdot, "linalg.vecdot",
        sums=True),
]  # fmt: skip
