"""The staircase: imports go downward only. Read from the source of every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import minigrad

root = Path(minigrad.__file__).parents[1]

floors = {
    "minigrad.where": 0,
    "minigrad.handles": 0,
    "minigrad.rules": 0,
    "minigrad.statistics": 0,
    "minigrad.backends": 0,
    "minigrad.kernels": 0,
    "minigrad.node": 1,
    "minigrad.operators": 1,
    "minigrad.value": 1,
    "minigrad.differentiable": 1,
    "minigrad.conversions": 1,
    "minigrad.assignment": 1,
    "minigrad.tensor": 1,
    "minigrad.record": 1,
    "minigrad.dtypes": 2,
    "minigrad.broadcasting": 2,
    "minigrad.inputs": 2,
    "minigrad.binding": 2,
    "minigrad.misuse": 2,
    "minigrad.signatures": 2,
    "minigrad.operation": 2,
    "minigrad.straight": 2,
    "minigrad.primitive": 2,
    "minigrad.outputs": 2,
    "minigrad.autograd": 3,
    "minigrad.ops": 4,
    "minigrad.fft": 4,
    "minigrad.linalg": 4,
    "minigrad.special": 4,
    "minigrad.extend": 4,
    "minigrad": 4.5,  # the front door: it shows what lies below, and only what is above uses it
    "minigrad.random": 5,
    "minigrad.data": 5,
    "minigrad.interop": 5,
    "minigrad.io": 5,
    "minigrad.nn": 5,
    "minigrad.optim": 5,
    "minigrad.capture": 5,
    "minigrad.testing": 6,
    "minigrad.bench": 6,
    "minigrad.cli": 7,
    "minigrad.__main__": 7,
}

packages = ("minigrad", "minigrad_bn")
files = sorted(path for package in packages for path in (root / package).glob("**/*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


modules = {name_of(path): path for path in files}
ours = [path for name, path in modules.items() if name.partition(".")[0] == "minigrad"]
theirs = [path for name, path in modules.items() if name.partition(".")[0] == "minigrad_bn"]


def floor_of(module: str) -> float:
    """The floor of the longest prefix of `module` that the map names below the package."""
    full = module
    while module not in floors:
        module = module.rpartition(".")[0]
    assert module != "minigrad" or full == "minigrad", f"{full} stands on no floor"
    return floors[module]


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below a node but what only a type checker runs."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from statements(child)


def imports(path: Path, source: str | None = None) -> Iterator[str]:
    """The modules of ours that a file imports, at its top or in a function, by full name."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    for node in statements(ast.parse(path.read_text() if source is None else source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            base = above[: len(above) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            whole = [f"{module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else module for name in whole]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in packages)


@pytest.mark.parametrize("path", ours, ids=name_of)
def test_no_import_climbs(path: Path) -> None:
    here = floor_of(name_of(path))
    climbing = [name for name in imports(path) if floor_of(name) > here]
    assert not climbing, f"{name_of(path)} on floor {here} imports {climbing}"


@pytest.mark.parametrize("path", ours, ids=name_of)
def test_minigrad_never_imports_minigrad_bn(path: Path) -> None:
    assert not [name for name in imports(path) if name.partition(".")[0] == "minigrad_bn"]


@pytest.mark.parametrize("path", theirs, ids=name_of)
def test_minigrad_bn_comes_in_through_the_public_doors_only(path: Path) -> None:
    doors = {"minigrad", "minigrad.extend", "minigrad.nn"}
    outside = {n for n in imports(path) if n.partition(".")[0] == "minigrad"} - doors
    if name_of(path) == "minigrad_bn.records":  # what a test imports, and no net
        outside = {n for n in outside if not n.startswith("minigrad.testing")}
    assert not outside, f"{name_of(path)} imports {outside}"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("mg", "nn", "extend"):
            assert not node.attr.startswith("_"), ast.unparse(node)


@pytest.mark.parametrize(
    "statement",
    [
        "from .. import ops",
        "from ..ops import shapes",
        "from ..ops.shapes import reshape",
        "import minigrad",
        "import minigrad.nn.linear",
        "from minigrad import nn",
        "def f():\n    from ..random import uniform",
    ],
)
def test_the_scan_sees_what_climbs(statement: str) -> None:
    path = modules["minigrad.autograd.walk"]
    assert max(floor_of(name) for name in imports(path, statement)) > floor_of(name_of(path))


def run(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True
    )
    return result.stdout.strip()


def test_importing_minigrad_imports_numpy_and_the_standard_library_alone() -> None:
    code = (
        "import sys, numpy; before = set(sys.modules); import minigrad\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    assert run(code) == "minigrad"


def test_importing_minigrad_loads_neither_nets_nor_the_command_line() -> None:
    code = "import sys, minigrad; print(*(m for m in sys.modules if m.startswith('minigrad.')))"
    above = [name for name, floor in floors.items() if floor > floors["minigrad"]]
    assert not set(run(code).split()) & set(above)


def test_importing_minigrad_changes_no_global_state_of_numpy_or_warnings() -> None:
    code = (
        "import numpy, warnings\n"
        "before = numpy.geterr(), numpy.get_printoptions(), list(warnings.filters)\n"
        "import minigrad; minigrad.exp(minigrad.ones(2))\n"
        "print(before == (numpy.geterr(), numpy.get_printoptions(), list(warnings.filters)))"
    )
    assert run(code) == "True"
