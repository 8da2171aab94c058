"""Gradients share memory with nothing, and nothing that was handed in is written to."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.tensor import Tensor
from minigrad.testing.layout import lay_out
from minigrad.testing.strategies.arrays import layouts, seeds

# Operations that hand their gradient through as it is, or a view of it: where sharing threatens.
passing: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "identity": lambda a, b: a,
    "add": lambda a, b: a + b,
    "add twice": lambda a, b: (a + b) + (a + b),
    "subtract": lambda a, b: a - b,
    "sum": lambda a, b: mg.sum(a, axis=0) + mg.sum(b, axis=0),
    "mean": lambda a, b: mg.mean(a) + mg.mean(b),
    "broadcast": lambda a, b: mg.broadcast_to(a, (3, *a.shape)) + b,
    "reshape": lambda a, b: mg.reshape(a, (-1,)) + mg.reshape(b, (-1,)),
    "transpose": lambda a, b: mg.matrix_transpose(a) + mg.matrix_transpose(b),
    "flip": lambda a, b: mg.flip(a) + mg.flip(b, axis=0),
    "concat": lambda a, b: mg.concat([a, b], axis=1),
    "stack": lambda a, b: mg.stack([a, b]),
    "slices": lambda a, b: a[1:] + b[:-1],
    "pad": lambda a, b: mg.pad(a, ((1, 0), (0, 1))) + mg.pad(b, ((0, 1), (1, 0))),
    "astype": lambda a, b: mg.astype(a, mg.float64) + mg.astype(b, mg.float64),
    "where": lambda a, b: mg.where(a > b, a, b),
    "copy": lambda a, b: mg.asarray(a, copy=True) + mg.asarray(b, copy=True),
    "matmul": lambda a, b: mg.matmul(a, mg.matrix_transpose(b)),
    "multiply": lambda a, b: a * b,
}
names = st.sampled_from(sorted(passing))
# Small arrays, and ones so large that broadcasting makes a view instead of a copy.
sizes = st.sampled_from([(2, 3), (150, 150)])


def assert_nothing_is_shared(arrays: dict[str, Any]) -> None:
    for (one, a), (other, b) in combinations(arrays.items(), 2):
        assert not np.shares_memory(a, b), f"{one} shares memory with {other}"


def leaves(seed: int, shape: tuple[int, ...]) -> list[Tensor]:
    rng = np.random.default_rng(seed)
    return [mg.asarray(rng.standard_normal(shape), requires_grad=True) for _ in range(2)]


@given(name=names, shape=sizes, seed=seeds)
def test_what_backward_leaves_shares_no_memory(
    name: str, shape: tuple[int, ...], seed: int
) -> None:
    a, b = leaves(seed, shape)
    y = passing[name](a, b)
    u = mg.ones_like(y)
    arrays = {"a": a.data, "b": b.data, "the cotangent": u.data}
    for times in ("first", "second"):
        y.backward(u, retain_graph=True)
        for label, x in (("a", a), ("b", b)):
            if x.grad is not None:
                assert x.grad.data.flags.writeable
                arrays[f"the {times} gradient of {label}"] = x.grad.data
    assert_nothing_is_shared(arrays)


@given(name=names, shape=sizes, seed=seeds, create_graph=st.booleans())
def test_what_grad_returns_shares_no_memory(
    name: str, shape: tuple[int, ...], seed: int, create_graph: bool
) -> None:
    a, b = leaves(seed, shape)
    y = passing[name](a, b)
    u = mg.ones_like(y)
    inputs = [a, b, a] if y is a else [a, b, y, a]
    found = mg.autograd.grad(y, inputs, u, create_graph=create_graph, allow_unused=True)
    arrays = {"a": a.data, "b": b.data, "the cotangent": u.data}
    arrays |= {f"gradient {i}": g.data for i, g in enumerate(found) if g is not None}
    assert_nothing_is_shared(arrays)


@given(name=names, shape=sizes, seed=seeds)
def test_gradients_that_were_kept_or_seen_on_the_way_share_no_memory(
    name: str, shape: tuple[int, ...], seed: int
) -> None:
    a, b = leaves(seed, shape)
    seen: list[Tensor] = []
    x, z = a + 0.0, b + 0.0
    y = passing[name](x, z)
    for tensor in (x, y, z):
        tensor.retain_grad()
    for tensor in (a, x, y):
        tensor.register_hook(seen.append)
    u = mg.ones_like(y)
    (y + 0.0).backward(u)
    arrays = {"the cotangent": u.data}
    tensors = {"a": a, "b": b, "x": x, "z": z} | ({} if y is x else {"y": y})
    arrays |= {f"{k}.grad": t.grad.data for k, t in tensors.items() if t.grad is not None}
    arrays |= {f"what hook {i} saw": g.data for i, g in enumerate(seen)}
    assert_nothing_is_shared(arrays)


@given(name=names, seed=seeds, layout=layouts)
def test_nothing_handed_in_is_written_to(name: str, seed: int, layout: str) -> None:
    rng = np.random.default_rng(seed)
    arrays = [lay_out(rng.standard_normal((2, 3)), layout) for _ in range(2)]
    a, b = (mg.asarray(array, requires_grad=True) for array in arrays)
    y = passing[name](a, b)
    u = lay_out(rng.standard_normal(y.shape), layout)
    handed_in = [*arrays, u]
    before = [array.copy() for array in handed_in]
    for _ in range(2):
        y.backward(mg.asarray(u), retain_graph=True)
    (g,) = mg.autograd.grad(y, a, mg.asarray(u), create_graph=True, allow_unused=True)
    if g.requires_grad:
        mg.sum(g * g).backward()
    for array, copy in zip(handed_in, before, strict=True):
        np.testing.assert_array_equal(array, copy)
