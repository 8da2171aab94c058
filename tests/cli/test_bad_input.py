"""A mistake of the user's: one line on stderr, status 2, no traceback, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

import minigrad as mg

from .conftest import Command

cuda = "cupy" in mg.backends.available()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "--epochs is 0, expected at least 1"),
        (["--epochs", "many"], "Invalid value for '--epochs': Input should be a valid integer"),
        (["--batch-size", "-8"], "--batch-size is -8, expected at least 1"),
        (["--batch-size", "1"], "--batch-size is 1, but batch normalisation"),
        (["--batch-size", "5000"], "--batch-size is 5000, but there are 1437 samples"),
        (["--lr", "0"], "--lr is 0.0, expected a finite number above 0"),
        (["--lr", "-0.1"], "--lr is -0.1, expected a finite number above 0"),
        (["--lr", "nan"], "--lr is nan, expected a finite number above 0"),
        (["--lr", "inf"], "--lr is inf, expected a finite number above 0"),
        (["--seed", "-1"], "--seed is -1, expected at least 0"),
        (["--threads", "0"], "--threads is 0, expected at least 1"),
        (["--model", "rnn"], "'rnn' is not one of 'mlp', 'cnn'"),
        (["--norm", "group"], "'group' is not one of 'batch', 'layer', 'none'"),
        (["--optimizer", "lion"], "'lion' is not one of"),
        (["--wings", "2"], "No such option: --wings"),
        (["--data", "cifar"], "--data is 'cifar', expected digits, moons, spirals or a file"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
        (["--data", "moons", "--model", "cnn"], "samples have shape (2,): use --model mlp"),
        (["--backend", "abacus"], "unknown backend 'abacus'; known are"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--backend", "numpy", "--device", "strict"], "--device strict is strict's, not"),
    ],
)
def test_a_wrong_option_is_named(
    minigrad: Command, tmp_path: Path, options: list[str], message: str
) -> None:
    result = minigrad("train", *options, "--out", tmp_path / "run")
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("minigrad: ")
    assert result.err.count("\n") == 1
    assert message in result.err
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(cuda, reason="this machine has CUDA")
@pytest.mark.parametrize("option", [("--device", "cuda"), ("--backend", "cupy")])
def test_cuda_asked_for_and_absent_says_what_to_install(
    minigrad: Command, tmp_path: Path, option: tuple[str, str]
) -> None:
    result = minigrad("train", *option, "--out", tmp_path / "run")
    assert result.status == 2
    assert result.err.count("\n") == 1
    assert "backend 'cupy' can't be used" in result.err
    assert "minigrad[cuda12]" in result.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": numpy.zeros((4, 2)), "y": numpy.asarray([0, 1, 0, -1])}, "out of range"),
        ({"x": numpy.full((4, 2), numpy.nan), "y": numpy.asarray([0, 1, 0, 1])}, "not finite"),
        ({"x": numpy.zeros((4, 2))}, "no array y"),
        ({"x": numpy.zeros((1, 2)), "y": numpy.zeros(1, dtype=int)}, "expected at least 2"),
    ],
)
def test_a_wrong_data_file_is_named(
    minigrad: Command, tmp_path: Path, arrays: dict[str, numpy.ndarray], message: str
) -> None:
    path = tmp_path / "own.npz"
    numpy.savez(path, **arrays)
    result = minigrad("train", "--data", path, "--model", "mlp", "--out", tmp_path / "run")
    assert result.status == 2
    assert result.err.count("\n") == 1
    assert "own.npz" in result.err
    assert message in result.err
    assert not (tmp_path / "run").exists()


def test_a_truncated_data_file_is_named(minigrad: Command, tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    numpy.savez(path, x=numpy.zeros((4, 2)), y=numpy.asarray([0, 1, 0, 1]))
    path.write_bytes(path.read_bytes()[:300])
    result = minigrad("train", "--data", path, "--out", tmp_path / "run")
    assert result.status == 2
    assert "own.npz: not a NumPy .npz file, or a truncated one" in result.err


def test_an_out_that_is_a_file_is_named(minigrad: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = minigrad("train", "--data", "moons", "--model", "mlp", "--out", tmp_path / "file")
    assert result.status == 2
    assert result.err.startswith("minigrad: --out: ")
