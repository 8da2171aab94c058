"""How rules behave: what they leave alone, what they share, what they remember, what they keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd.search import reachable
from minigrad.tensor import Form, Node

from ..conduct import memory
from ..derivatives import cotangent_for
from ..record import Case, OpRecord
from ..strategies.arrays import seeds
from .checks import Check, has_derivative

__all__ = ["checks"]


class Recorded:
    """A recorded call in one dtype, and a random cotangent for it."""

    def __init__(self, data: Any, record: OpRecord, device: Any, dtype: str) -> None:
        self.case: Case = data.draw(record.draw()).cast(dtype)
        rng = np.random.default_rng(data.draw(seeds))
        self.wanted = record.wanted(self.case)
        self.inputs = record.tensors(self.case, device, self.wanted)
        self.leaves = [self.inputs[i] for i in self.wanted]
        self.y = record.call(*self.inputs, **self.case.params)
        self.u = mg.asarray(cotangent_for(self.y, rng, self.y.dtype), device=self.y.device)


def gradients_have_the_form_of_their_inputs_and_memory_of_their_own(
    record: OpRecord, device: Any, data: Any
) -> None:
    """Shape, dtype and device are the input's; nothing handed in is written to or shared."""
    way = data.draw(st.sampled_from(["grad", "backward", "create_graph"]))
    r = Recorded(data, record, device, data.draw(st.sampled_from(["float32", "float64"])))
    others = [*r.inputs, r.u, r.y]
    before = [memory(t).tobytes() for t in others]
    if way == "backward":
        r.y.backward(r.u)
        found = [x.grad for x in r.leaves if x.grad is not None]
    else:
        all_of_them = mg.autograd.grad(r.y, r.leaves, r.u, create_graph=way == "create_graph")
        found = [g for g in all_of_them if g is not None]
    assert [memory(t).tobytes() for t in others] == before
    for i, (x, g) in enumerate(zip(r.leaves, found, strict=True)):
        assert (g.shape, g.dtype, g.device) == (x.shape, x.dtype, x.device)
        for other in [*others, *found[:i]]:
            assert not np.shares_memory(memory(g), memory(other)), f"gradient {i} of {record}"


def node_of(record: OpRecord, y: mg.Tensor) -> Node:
    """The node of the record's primitive: y's own, or one behind it where signs were fixed."""
    primitive = record.primitive
    found = [node for node in reachable([y.node]) if getattr(node, "primitive", 0) is primitive]
    assert len(found) == 1, f"{record} records {y.node}"
    return found[0]


def run_rules(node: Node, output: Any, inputs: Sequence[Any], g: Any) -> list[Any]:
    """What the bare rules of a node return where there is a parent, before the walk fits it."""
    xp = node.device.backend.xp
    found = node.primitive.pull_back(
        xp, g, output, node.residuals, inputs, node.params, node.parents
    )
    return [found[i] for i, parent in enumerate(node.parents) if parent is not None]


def float32_stays_float32_inside_the_rule(record: OpRecord, device: Any, data: Any) -> None:
    """The walk would cast a drifted gradient back; here the bare rule has to keep the dtype."""
    if record.name == "astype":
        pytest.skip("a cast leaves the dtype of its gradient to the walk")
    r = Recorded(data, record, device, "float32")
    node = node_of(record, r.y)
    for g in run_rules(node, node.output, node.inputs or (), r.u.data):
        dtype = r.y.device.backend.dtype_of(g)
        assert np.finfo(dtype).dtype == np.dtype("float32"), f"rule of {record}: {dtype}"


def rules_need_only_what_the_node_keeps(record: OpRecord, device: Any, data: Any) -> None:
    """Forms in place of what no rule for an input with a parent reads change nothing."""
    r = Recorded(data, record, device, "float64")
    node = node_of(record, r.y)
    with_parent = [i for i, parent in enumerate(node.parents) if parent is not None]
    asked = data.draw(st.sets(st.sampled_from(with_parent), min_size=1))
    node.parents = tuple(p if i in asked else None for i, p in enumerate(node.parents))
    reads = node.primitive.reads_for(node.parents)
    inputs = list(node.inputs or ())
    full = run_rules(node, node.output, inputs, r.u.data)
    for i, x in enumerate(inputs):
        if i in reads.forms and hasattr(x, "dtype"):
            inputs[i] = Form(x.shape, x.dtype)
    spare = run_rules(node, node.output if reads.output else None, inputs, r.u.data)
    to_numpy = r.inputs[0].device.backend.to_numpy
    for a, b in zip(full, spare, strict=True):
        np.testing.assert_array_equal(to_numpy(a), to_numpy(b))


def is_differentiable_primitive(record: OpRecord) -> bool:
    """Whether the record is of one primitive with rules, not of a function composed of several."""
    return record.primitive is not None and has_derivative(record)


checks = [
    Check(gradients_have_the_form_of_their_inputs_and_memory_of_their_own, 0.3, has_derivative),
    Check(float32_stays_float32_inside_the_rule, 0.2, is_differentiable_primitive),
    Check(rules_need_only_what_the_node_keeps, 0.1, is_differentiable_primitive),
]
