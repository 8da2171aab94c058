"""Rules are code over `xp` only: read from the source of every module that holds some."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import array_api_strict
import pytest

import minigrad
import minigrad_bn
from minigrad.backends import vocabulary

root = Path(minigrad.__file__).parent
files = sorted([
    *(root / "ops").glob("**/*.py"),
    *(root / "nn").glob("**/*.py"),
    *Path(minigrad_bn.__file__).parent.glob("**/*.py"),
])  # fmt: skip

extras = {*vocabulary.__all__, "linalg", "to_device", "moveaxis", "fft"}
allowed = {name for name in dir(array_api_strict) if not name.startswith("_")} | extras
"""The standard's names, and those that every backend of minigrad adds to it."""

Function = ast.FunctionDef | ast.Lambda


def functions_over_xp(tree: ast.AST) -> Iterator[Function]:
    """Rules, forwards and their helpers: what takes `xp` first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            arguments = node.args.args
            if arguments and arguments[0].arg == "xp":
                yield node


def test_the_source_of_rules_is_found() -> None:
    found = {
        getattr(f, "name", "lambda") for path in files for f in functions_over_xp(tree_of(path))
    }
    assert {"sum_vjp", "matmul_vjp_a", "winner_vjp", "lambda"} <= found


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def complaints(path: Path) -> Iterator[str]:
    tree = tree_of(path)
    counters = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and whole(node.value)
        for target in flat(node.targets)
    }
    for f in functions_over_xp(tree):
        for node in ast.walk(f):
            reason = complaint(node, counters)
            if reason:
                yield f"{path.name}:{getattr(node, 'lineno', f.lineno)}: {reason}"


def complaint(node: ast.AST, counters: set[str]) -> str | None:
    """What is wrong with one node of a rule, if anything."""
    match node:
        case ast.Attribute(value=ast.Name(id="xp"), attr=name) if name not in allowed:
            return f"xp.{name} is not in the standard"
        case ast.Attribute(value=ast.Attribute(attr="linalg"), attr=name) if (
            name not in array_api_strict.linalg.__all__
        ):
            return f"xp.linalg.{name} is not in the standard"
        case ast.AugAssign(target=ast.Name(id=name)) if name in counters:
            return None
        case ast.AugAssign():
            return "in-place operator"
        case ast.Call(func=ast.Name(id="float" | "int" | "bool" as name)):
            return f"{name}() waits for the device"
        case ast.Attribute(attr="item" | "tolist" | "numpy" as name):
            return f".{name}() waits for the device"
        case ast.Subscript(ctx=ast.Store()):
            return "an element is assigned to"
    return None


def whole(value: ast.expr) -> bool:
    """Whether a counter starts here: a literal whole number, or a tuple with one in it."""
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return any(isinstance(p, ast.Constant) and type(p.value) is int for p in parts)


def flat(targets: list[ast.expr]) -> Iterator[ast.Name]:
    for target in targets:
        for part in target.elts if isinstance(target, ast.Tuple) else [target]:
            if isinstance(part, ast.Name):
                yield part


@pytest.mark.parametrize("path", files, ids=lambda path: path.name)
def test_rules_use_only_the_standards_names_and_change_nothing_in_place(path: Path) -> None:
    assert not list(complaints(path))


def test_the_scan_complains_of_each_bad_habit(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "def rule(xp, g, y, x):\n"
        "    g *= 2\n"
        "    x[0] = 1\n"
        "    return xp.einsum('i->i', g) * float(x) + x.item()\n"
    )
    assert len(list(complaints(bad))) == 5
