"""The records are complete: one for every primitive, some for every public function."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import minigrad_bn
from minigrad.autograd.search import reachable
from minigrad.primitive import Primitive, all_primitives
from minigrad.tensor import Node
from minigrad.testing.budget import examples
from minigrad.testing.records import everything, fft, primitives, sections

from . import support

makes_or_inspects = {
    *("At", "Device", "Tensor"),
    *("arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like"),
    *("linspace", "ones", "ones_like", "tensor", "zeros", "zeros_like"),
    *("can_cast", "device", "dtype", "finfo", "iinfo", "isdtype", "result_type"),
    *("get_default_dtype", "set_default_dtype", "set_default_device", "is_grad_enabled"),
    *("enable_grad", "no_grad", "grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian"),
    *("hvp", "nonzero", "checkpoint", "detect_anomaly", "capture"),
}
"""Public names that are no operation on arrays with a value to differentiate."""


def import_everything() -> None:
    """Every module that may define a primitive; the command line and CuPy's need more installed."""
    for package in (mg, minigrad_bn):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not re.search(r"cli|__main__|cupy", module.name):
                import_module(module.name)


def is_ours(primitive: Primitive) -> bool:
    """Whether a primitive is not one of those that tests define."""
    functions = [f for f in (*primitive.written, primitive.forward) if f is not None]
    return all(f.__module__.startswith("minigrad") for f in functions[:1])


def test_every_primitive_has_one_record_and_every_record_its_primitive() -> None:
    import_everything()
    counted = Counter(record.primitive for record in primitives)
    missing = [p.name for p in all_primitives if p not in counted and is_ours(p)]
    assert not missing, f"primitives without a record: {missing}"
    strangers = [p.name for p in counted if p not in all_primitives]
    assert not strangers, f"records of no primitive: {strangers}"
    assert max(counted.values()) == 1
    names = Counter(record.name for record in everything)
    assert max(names.values()) == 1, names.most_common(1)


def public_functions(namespace: Any, names: list[str]) -> set[str]:
    """The functions among the names, each by the name it was defined with."""
    found = {name: getattr(namespace, name) for name in names}
    return {
        getattr(f, "__name__", name)
        for name, f in found.items()
        if callable(f) and not name.startswith("_") and name not in makes_or_inspects
    }


def test_every_public_function_has_a_record() -> None:
    listed = {record.name for record in everything} | {
        record.call.__name__ for record in everything if isinstance(record.call, Primitive)
    }
    listed |= {name.partition(".")[0] for name in listed}  # one row for each of several outputs
    offered = public_functions(mg, [n for n in vars(mg) if n not in makes_or_inspects])
    offered |= public_functions(mg.special, mg.special.__all__)
    offered |= public_functions(mg.linalg, mg.linalg.__all__)
    offered |= public_functions(mg.fft, mg.fft.__all__) - {"fftfreq", "rfftfreq"}
    assert not offered - listed, f"without a record: {sorted(offered - listed)}"


elsewhere = {"alias", "copy", "to_device"}
"""Primitives that no function of a row records; tests/engine/test_complex.py goes through them."""


def test_every_primitive_whose_rules_hold_for_complex_numbers_has_a_record_with_some() -> None:
    """And no other has: the flag and the rows of complex numbers are the same list."""
    tested: set[str] = set()

    @examples(0.1)
    @given(data=st.data())
    def run(data: Any) -> None:
        for record in [*sections["Complex numbers"], *fft.records]:
            case = data.draw(record.draw())
            leaves = record.tensors(case, "cpu", record.wanted(case))
            y = record.call(*leaves, **case.params)
            nodes = [node for node in reachable([y.node]) if node.__class__ is Node]
            tested.update(node.primitive.name for node in nodes)

    run()
    marked = {p.name for p in all_primitives if p.complex}
    assert marked - tested == elsewhere
    assert tested <= marked


def test_the_support_page_says_what_the_table_says() -> None:
    assert support.path.read_text() == support.page(), "run python -m tests.primitives.support"
