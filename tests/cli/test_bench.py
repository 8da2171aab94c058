"""`minigrad bench`: figures of this machine, from the command line."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from minigrad.cli import bench
from minigrad.kernels.threads import get_num_threads

from .conftest import Command

quick = ("bench", "--tiny", "--rounds", "1")


def test_it_names_the_machine_and_prints_a_row_for_every_candidate(minigrad: Command) -> None:
    threads = get_num_threads()
    result = minigrad(*quick, "--threads", "1")
    assert result.status == 0, result.err
    assert "device cpu, threads 1\nload average before " in result.out
    for text in ("batch norm (5, 3, 4, 4)", "CNN step", "MLP step", "add, with backward"):
        assert f"\n{text}  " in result.out
    for name in ("minigrad, captured", "minigrad, NumPy alone", "minigrad, Tensors"):
        assert name in result.out
    assert "\nkernels that ran: " in result.out
    assert get_num_threads() == threads


def test_the_figures_are_written_as_json(minigrad: Command, tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    assert minigrad(*quick, "--kernels", "none", "--json", path).status == 0
    report = json.loads(path.read_text())
    assert report["machine"]["processor"]
    assert report["kernels"] == []
    assert all(one["median"] > 0 for case in report["cases"].values() for one in case.values())


def test_it_runs_on_another_device(minigrad: Command) -> None:
    pytest.importorskip("array_api_strict")
    result = minigrad(*quick, "--device", "strict")
    assert result.status == 0, result.err
    assert "device strict" in result.out
    assert "captured" not in result.out


def test_without_numba_and_pytorch_it_says_so(
    minigrad: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(bench, "find_spec", lambda name: None if name == "numba" else find(name))
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    result = minigrad(*quick)
    assert result.status == 0, result.err
    assert "without compiled kernels: numba is not installed; try: pip install" in result.out
    assert "without PyTorch: " in result.out
    assert minigrad(*quick, "--kernels", "numba").err == (
        "minigrad: --kernels numba: numba is not installed; try: pip install 'minigrad[fast]'\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rounds", "0"], "--rounds is 0, expected at least 1"),
        (["--threads", "0"], "--threads is 0, expected at least 1"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--kernels", "all,numba"], "--kernels: kernels: 'all,numba': expected 'all', 'none'"),
        (["--json", "/nowhere/figures.json"], "--json: there is no folder /nowhere"),
    ],
)
def test_a_mistake_is_one_line(minigrad: Command, options: list[str], message: str) -> None:
    result = minigrad("bench", *options)
    assert result.status == 2
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert message in result.err
