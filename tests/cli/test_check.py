"""`minigrad check`: the grading of a backend from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Command


def test_a_good_backend_passes_and_the_report_is_json_too(
    minigrad: Command, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    result = minigrad("check", "numpy", "--examples", "1", "--json", str(path))
    assert result.status == 0, result.out
    assert result.out.startswith("numpy: numpy ")
    for section in ("names", "dtypes", "devices", "rules", "conversions", "training"):
        assert f"\n{section}: " in result.out
    assert " fails: " not in result.out
    assert json.loads(path.read_text())["passed"] is True


def test_a_bad_backend_fails_with_the_reasons(
    minigrad: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_an_array.py").write_text(
        "import types, numpy\n"
        "from minigrad.backends import Backend\n"
        "def load():\n"
        "    namespace = types.ModuleType('half')\n"
        "    for name in dir(numpy):\n"
        "        if name != 'matmul' and not name.startswith('_'):\n"
        "            setattr(namespace, name, getattr(numpy, name))\n"
        "    namespace.exp = lambda x: numpy.exp(x) + 1\n"
        "    return Backend('half', namespace)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    result = minigrad("check", "half_an_array:load", "--examples", "1")
    assert result.status == 1
    assert "matmul is missing" in result.out
    assert "exp fails: DifferenceError: value" in result.out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["abacus"], "unknown backend 'abacus'; known are"),
        (["no_such_package:load"], "No module named 'no_such_package'"),
        (["math:load"], "has no attribute 'load'"),
        (["numpy", "--examples", "0"], "--examples is 0, expected at least 1"),
        (["numpy", "--examples", "1", "--json", "/nowhere/report.json"], "--json: "),
        ([], "Missing argument 'backend'"),
    ],
)
def test_a_mistake_is_one_line(minigrad: Command, arguments: list[str], text: str) -> None:
    result = minigrad("check", *arguments)
    assert result.status == 2
    assert text in result.err
    assert "Traceback" not in result.err
