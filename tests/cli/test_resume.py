"""A run that was killed ends, resumed, with the weights it would have had."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest

import minigrad as mg
from minigrad.io import load, save

from .conftest import Command
from .test_train import metrics, quick, weights

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
epochs = 4
long = ("train", "--model", "cnn", "--epochs", str(epochs), "--seed", "7")


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "minigrad", *long, "--out", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def completed(folder: Path) -> int:
    path = folder / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def kill_in_epoch(n: int, folder: Path, *options: str) -> None:
    """Start a run, and kill it a moment after n - 1 epochs were completed."""
    process = start(folder, *options)
    while completed(folder) < n - 1:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert completed(folder) < epochs


@needs_signals
def test_an_interrupted_run_says_how_to_continue(tmp_path: Path) -> None:
    process = start(tmp_path, "--epochs", "100")
    while completed(tmp_path) < 1:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out.splitlines()[-1] == "stopped; the same command with --resume continues"
    assert "Traceback" not in err


@needs_signals
def test_weights_after_two_kills_are_those_of_an_uninterrupted_run(tmp_path: Path) -> None:
    uninterrupted, killed = tmp_path / "uninterrupted", tmp_path / "killed"
    reference = start(uninterrupted)
    out, err = reference.communicate()
    assert reference.returncode == 0, err

    kill_in_epoch(2, killed)
    kill_in_epoch(3, killed, "--resume")
    last = start(killed, "--resume")
    resumed_out, err = last.communicate()
    assert last.returncode == 0, err

    assert weights(killed) == weights(uninterrupted)
    assert resumed_out.splitlines()[-1] == out.splitlines()[-1]
    one, two = metrics(killed), metrics(uninterrupted)
    for row in one + two:
        del row["seconds"]
    assert one == two
    assert sorted(path.name for path in killed.iterdir()) == [
        "checkpoint.safetensors",
        "curve.png",
        "metrics.jsonl",
    ]


def test_resuming_where_no_epoch_was_completed_starts_from_the_beginning(
    minigrad: Command, tmp_path: Path
) -> None:
    minigrad(*quick, "--out", tmp_path / "one")
    result = minigrad(*quick, "--out", tmp_path / "two", "--resume")
    assert "no epoch was completed yet" in result.out
    assert weights(tmp_path / "one") == weights(tmp_path / "two")


def test_resuming_puts_metrics_right_and_removes_what_was_half_written(
    minigrad: Command, tmp_path: Path
) -> None:
    minigrad(*quick, "--out", tmp_path)
    before = metrics(tmp_path)
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"epoch": 3, "train_lo')
    (tmp_path / ".checkpoint.safetensors.0123abcd.tmp").write_bytes(b"half")
    assert minigrad(*quick, "--out", tmp_path, "--resume").status == 0
    assert metrics(tmp_path) == before
    assert not list(tmp_path.glob(".*"))


def test_a_finished_run_resumed_prints_its_accuracy_again(
    minigrad: Command, tmp_path: Path
) -> None:
    first = minigrad(*quick, "--out", tmp_path)
    before = weights(tmp_path)
    again = minigrad(*quick, "--out", tmp_path, "--resume")
    assert again.out.splitlines()[-1] == first.out.splitlines()[-1]
    assert weights(tmp_path) == before


def test_a_run_is_not_overwritten_unasked(minigrad: Command, tmp_path: Path) -> None:
    minigrad(*quick, "--out", tmp_path)
    before = weights(tmp_path)
    result = minigrad(*quick, "--out", tmp_path, "--seed", 3)
    assert result.status == 2
    assert "holds a run; --resume continues it, --out names another folder" in result.err
    assert weights(tmp_path) == before


def test_other_settings_are_refused_and_named(minigrad: Command, tmp_path: Path) -> None:
    minigrad(*quick, "--out", tmp_path)
    result = minigrad(*quick, "--out", tmp_path, "--resume", "--lr", 0.1, "--batch-size", 16)
    assert result.status == 2
    assert result.err == (
        "minigrad: --resume: the checkpoint was made with other settings: "
        "--batch-size was 32, is 16; --lr was 0.003, is 0.1\n"
    )


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_a_truncated_checkpoint_is_refused_and_left_alone(
    minigrad: Command, tmp_path: Path, part: float
) -> None:
    minigrad(*quick, "--out", tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    result = minigrad(*quick, "--out", tmp_path, "--resume")
    assert result.status == 2
    assert result.err.count("\n") == 1
    assert "checkpoint.safetensors is no safetensors file, or a truncated one" in result.err
    assert path.read_bytes() == whole[: int(part * len(whole))]


def test_a_foreign_checkpoint_is_refused(minigrad: Command, tmp_path: Path) -> None:
    save(tmp_path / "checkpoint.safetensors", {"weight": mg.ones(2)})
    result = minigrad(*quick, "--out", tmp_path, "--resume")
    assert result.status == 2
    assert "is no checkpoint of `minigrad train`" in result.err


def test_a_checkpoint_that_lacks_a_part_is_refused(minigrad: Command, tmp_path: Path) -> None:
    minigrad(*quick, "--out", tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    state = load(path)
    del state["model"]
    save(path, state)
    result = minigrad(*quick, "--out", tmp_path, "--resume")
    assert result.status == 2
    assert "is no checkpoint of `minigrad train`: 'model'" in result.err


def test_a_checkpoint_of_a_net_of_another_size_is_refused(
    minigrad: Command, tmp_path: Path
) -> None:
    path = tmp_path / "own.npz"
    command = ("train", "--data", path, "--model", "mlp", "--epochs", 1, "--out", tmp_path / "run")
    for features in (4, 5):
        numpy.savez(path, x=numpy.eye(80, features), y=numpy.arange(80) % 2)
        result = minigrad(*command, *(["--resume"] if features == 5 else []))
    assert result.status == 2
    assert result.err.count("\n") == 1
    assert "is no checkpoint of `minigrad train`" in result.err
