"""The table is complete: every primitive has a row, every public function is in some row."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import minigrad_bn
from minigrad.autograd.walk import reachable
from minigrad.primitive import Primitive, all_primitives
from minigrad.tensor import Node
from tests.support.budget import examples

from . import rows_complex, rows_fft, support
from .row import Row
from .table import everything, primitives

makes_or_inspects = {
    *("At", "Device", "Tensor"),
    *("arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like"),
    *("linspace", "ones", "ones_like", "tensor", "zeros", "zeros_like"),
    *("can_cast", "device", "dtype", "finfo", "iinfo", "isdtype", "result_type"),
    *("get_default_dtype", "set_default_dtype", "set_default_device", "is_grad_enabled"),
    *("enable_grad", "no_grad", "grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian"),
    *("hvp", "nonzero", "checkpoint", "detect_anomaly"),
}
"""Public names that are no operation on arrays with a value to differentiate."""


def import_everything() -> None:
    """Every module that may define a primitive; the command line and CuPy's need more installed."""
    for package in (mg, minigrad_bn):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not re.search(r"cli|__main__|cupy", module.name):
                import_module(module.name)


def test_every_primitive_has_one_row_and_every_row_its_primitive() -> None:
    import_everything()
    counted = Counter(row.primitive for row in primitives)
    missing = [p.name for p in all_primitives if p not in counted]
    assert not missing, f"primitives without a row in tests/primitives: {missing}"
    strangers = [p.name for p in counted if p not in all_primitives]
    assert not strangers, f"rows of no primitive: {strangers}"
    assert max(counted.values()) == 1
    names = Counter(row.name for row in everything)
    assert max(names.values()) == 1, names.most_common(1)


def public_functions(namespace: Any, names: list[str]) -> set[str]:
    """The functions among the names, each by the name it was defined with."""
    found = {name: getattr(namespace, name) for name in names}
    return {
        getattr(f, "__name__", name)
        for name, f in found.items()
        if callable(f) and not name.startswith("_") and name not in makes_or_inspects
    }


def test_every_public_function_has_a_row() -> None:
    listed = {row.name for row in everything} | {
        row.call.__name__ for row in everything if isinstance(row.call, Primitive)
    }
    listed |= {name.partition(".")[0] for name in listed}  # one row for each of several outputs
    offered = public_functions(mg, [n for n in vars(mg) if n not in makes_or_inspects])
    offered |= public_functions(mg.special, mg.special.__all__)
    offered |= public_functions(mg.linalg, mg.linalg.__all__)
    offered |= public_functions(mg.fft, mg.fft.__all__) - {"fftfreq", "rfftfreq"}
    assert not offered - listed, f"without a row: {sorted(offered - listed)}"


@pytest.mark.parametrize("row", [row for row in everything if row.constant], ids=str)
@examples(0.1)
@given(data=st.data())
def test_the_value_of_a_constant_operation_requires_no_grad(
    row: Row, device: Any, data: Any
) -> None:
    case = data.draw(row.draw())
    y = row.call(*row.tensors(case, device, row.wanted(case)), **case.params)
    assert not y.requires_grad
    assert y.dtype.kind in "biu"


@pytest.mark.parametrize("row", [row for row in everything if row.undefined], ids=str)
@examples(0.1)
@given(data=st.data(), way=st.sampled_from(["backward", "grad", "create_graph"]))
def test_a_derivative_that_is_not_defined_is_an_error(
    row: Row, device: Any, way: str, data: Any
) -> None:
    case = data.draw(row.draw())
    leaves = row.tensors(case, device, row.wanted(case))
    y = row.call(*leaves, **case.params)
    assert y.requires_grad
    loss = mg.sum(y) + sum((mg.sum(x) for x in leaves), start=0.0)
    ask: Any = loss.backward
    if way != "backward":
        ask = lambda: mg.autograd.grad(loss, leaves, create_graph=way == "create_graph")
    with pytest.raises(TypeError, match=rf"^{row.name}, recorded at .*, has no derivative"):
        ask()
    assert all(x.grad is None for x in leaves)


@pytest.mark.parametrize("row", primitives, ids=str)
def test_a_bad_call_names_the_operation_and_what_is_wrong(row: Row, device: Any) -> None:
    assert row.bad, f"{row} has no bad call"
    for call, error, message in row.bad:
        with pytest.raises(error, match=message):
            call(device)


elsewhere = {"alias", "copy", "to_device"}
"""Primitives that no function of a row records; tests/engine/test_complex.py goes through them."""


def test_every_primitive_whose_rules_hold_for_complex_numbers_has_a_row_with_some() -> None:
    """And no other has: the flag and the rows of complex numbers are the same list."""
    tested: set[str] = set()

    @examples(0.1)
    @given(data=st.data())
    def run(data: Any) -> None:
        for row in [*rows_complex.rows, *rows_complex.composed, *rows_fft.rows]:
            case = data.draw(row.draw())
            y = row.call(*row.tensors(case, "cpu", row.wanted(case)), **case.params)
            nodes = [node for node in reachable([y.node]) if node.__class__ is Node]
            tested.update(node.primitive.name for node in nodes)

    run()
    marked = {p.name for p in all_primitives if p.complex}
    assert marked - tested == elsewhere
    assert tested <= marked


def test_the_support_page_says_what_the_table_says() -> None:
    assert support.path.read_text() == support.page(), "run python -m tests.primitives.support"
    listed = [row for rows in support.sections.values() for row in rows]
    assert {row.name for row in listed} == {row.name for row in everything}
