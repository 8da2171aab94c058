"""The command as a program: how it is started, what it lists, and what it asks for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

import minigrad as mg
from minigrad import cli

from .conftest import Command


def test_backends_lists_every_backend_with_its_devices_or_the_reason(minigrad: Command) -> None:
    result = minigrad("backends")
    assert result.status == 0
    lines = {line.split()[0]: line for line in result.out.splitlines()}
    for status in mg.backends.status():
        line = lines[status.name]
        if status.usable:
            assert "not usable" not in line
            assert all(name in line for name in status.devices)
        else:
            assert "not usable" in line
            assert status.reason in line
            assert status.install in line


def test_it_runs_as_a_module() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "minigrad", "backends"], capture_output=True, text=True
    )
    assert result.returncode == 0
    assert result.stdout.startswith("numpy")


def test_it_is_installed_as_minigrad() -> None:
    (script,) = entry_points(group="console_scripts", name="minigrad")
    assert script.load() is cli.main


@pytest.mark.parametrize("missing", cli.needs)
def test_without_its_extra_it_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == missing else find(name))
    with pytest.raises(SystemExit) as exit:
        cli.main(["backends"])
    assert exit.value.code == 2
    assert capsys.readouterr().err == (
        f"minigrad: the command line needs {missing}: pip install 'minigrad[cli]'\n"
    )


def test_help_names_every_option(minigrad: Command) -> None:
    result = minigrad("train", "--help")
    assert result.status == 0
    for option in ("data", "model", "norm", "backend", "device", "epochs", "batch-size", "lr"):
        assert f"--{option} " in result.out
    for option in ("optimizer", "seed", "out", "resume"):
        assert f"--{option} " in result.out


def test_without_arguments_it_shows_the_commands(minigrad: Command) -> None:
    result = minigrad()
    assert result.status == 0
    assert "train" in result.out
    assert "backends" in result.out
    assert result.err == ""
