"""How rules behave: what they leave alone, what they share, what they remember, what they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd.walk import reachable
from minigrad.tensor import Form, Node
from tests.support.arrays import seeds
from tests.support.budget import examples
from tests.support.derivatives import cotangent_for

from .row import Case, Row
from .table import differentiable, primitives

every_row = pytest.mark.parametrize("row", differentiable, ids=str)
every_primitive = pytest.mark.parametrize(
    "row", [row for row in primitives if row in differentiable], ids=str
)


class Recorded:
    """A recorded call of a row in one dtype, and a random cotangent for it."""

    def __init__(self, data: Any, row: Row, device: Any, dtype: str) -> None:
        self.case: Case = data.draw(row.draw()).cast(dtype)
        rng = np.random.default_rng(data.draw(seeds))
        self.wanted = row.wanted(self.case)
        self.inputs = row.tensors(self.case, device, self.wanted)
        self.leaves = [self.inputs[i] for i in self.wanted]
        self.y = row.call(*self.inputs, **self.case.params)
        self.u = mg.asarray(cotangent_for(self.y, rng, self.y.dtype), device=self.y.device)


def memory(x: mg.Tensor) -> np.ndarray[Any, Any]:
    """The memory of a Tensor, on backends where NumPy can look at it."""
    raw = x.data if x.device.backend.name == "numpy" else getattr(x.data, "_array", None)
    return np.asarray(raw) if raw is not None else x.detach().numpy()


@every_row
@examples(0.3)
@given(data=st.data(), way=st.sampled_from(["grad", "backward", "create_graph"]))
def test_gradients_have_the_form_of_their_inputs_and_memory_of_their_own(
    row: Row, device: Any, way: str, data: Any
) -> None:
    """Shape, dtype and device are the input's; nothing handed in is written to or shared."""
    r = Recorded(data, row, device, data.draw(st.sampled_from(["float32", "float64"])))
    others = [*r.inputs, r.u, r.y]
    before = [memory(t).tobytes() for t in others]
    if way == "backward":
        r.y.backward(r.u)
        found = [x.grad for x in r.leaves]
    else:
        found = list(mg.autograd.grad(r.y, r.leaves, r.u, create_graph=way == "create_graph"))
    assert [memory(t).tobytes() for t in others] == before
    for i, (x, g) in enumerate(zip(r.leaves, found, strict=True)):
        assert (g.shape, g.dtype, g.device) == (x.shape, x.dtype, x.device)
        for other in [*others, *found[:i]]:
            assert not np.shares_memory(memory(g), memory(other)), f"gradient {i} of {row}"


def node_of(row: Row, y: mg.Tensor) -> Node:
    """The node of the row's primitive: y's own, or one behind it where signs were fixed."""
    found = [node for node in reachable([y.node]) if getattr(node, "primitive", 0) is row.primitive]
    assert len(found) == 1, f"{row} records {y.node}"
    return found[0]


def run_rules(node: Node, output: Any, inputs: list[Any], g: Any) -> list[Any]:
    """What the bare rules of a node return where there is a parent, before the walk fits it."""
    xp = node.device.backend.xp
    found = node.primitive.pull_back(
        xp, g, output, node.residuals, inputs, node.params, node.parents
    )
    return [found[i] for i, parent in enumerate(node.parents) if parent is not None]


@every_primitive
@examples(0.2)
@given(data=st.data())
def test_float32_stays_float32_inside_the_rule(row: Row, device: Any, data: Any) -> None:
    """The walk would cast a drifted gradient back; here the bare rule has to keep the dtype."""
    if row.name == "astype":
        pytest.skip("a cast leaves the dtype of its gradient to the walk")
    r = Recorded(data, row, device, "float32")
    node = node_of(row, r.y)
    for g in run_rules(node, node.output, node.inputs, r.u.data):
        dtype = r.y.device.backend.dtype_of(g)
        assert np.finfo(dtype).dtype == np.dtype("float32"), f"rule of {row}: {dtype}"


@every_primitive
@examples(0.1)
@given(data=st.data())
def test_rules_need_only_what_the_node_keeps(row: Row, device: Any, data: Any) -> None:
    """Forms in place of what no rule for an input with a parent reads change nothing."""
    r = Recorded(data, row, device, "float64")
    node = node_of(row, r.y)
    with_parent = [i for i, parent in enumerate(node.parents) if parent is not None]
    asked = data.draw(st.sets(st.sampled_from(with_parent), min_size=1))
    node.parents = tuple(p if i in asked else None for i, p in enumerate(node.parents))
    reads = node.primitive.reads_for(node.parents)
    inputs = list(node.inputs)
    full = run_rules(node, node.output, inputs, r.u.data)
    for i, x in enumerate(inputs):
        if i in reads.forms and hasattr(x, "dtype"):
            inputs[i] = Form(x.shape, x.dtype)
    spare = run_rules(node, node.output if reads.output else None, inputs, r.u.data)
    to_numpy = r.inputs[0].device.backend.to_numpy
    for a, b in zip(full, spare, strict=True):
        np.testing.assert_array_equal(to_numpy(a), to_numpy(b))
