"""`minigrad train`: what it prints, what it leaves in its folder, and that the seed decides all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy
import pytest

import minigrad as mg
from minigrad.io import load

from .conftest import Command

quick = ("train", "--data", "moons", "--model", "mlp", "--epochs", 2)


def weights(folder: Path) -> dict[str, bytes]:
    model = load(folder / "checkpoint.safetensors")["model"]
    return {name: t.numpy().tobytes() for name, t in model.items()}


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_it_ends_with_the_test_accuracy_and_leaves_three_files(
    minigrad: Command, tmp_path: Path
) -> None:
    result = minigrad(*quick, "--out", tmp_path / "run")
    assert result.status == 0
    last = result.out.splitlines()[-1]
    assert re.fullmatch(r"test accuracy: [01]\.\d{4}", last)
    rows = metrics(tmp_path / "run")
    assert [row["epoch"] for row in rows] == [1, 2]
    assert last == f"test accuracy: {rows[-1]['test_accuracy']:.4f}"
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoint.safetensors",
        "curve.png",
        "metrics.jsonl",
    ]
    assert (tmp_path / "run" / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_it_prints_a_row_an_epoch(minigrad: Command, tmp_path: Path) -> None:
    lines = minigrad(*quick, "--out", tmp_path).out.splitlines()
    assert lines[1].split()[:3] == ["epoch", "train", "loss"]
    assert [line.split()[0] for line in lines[2:4]] == ["1", "2"]


@pytest.mark.parametrize("model", ["mlp", "cnn"])
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_every_model_learns_digits_with_every_norm(
    minigrad: Command, tmp_path: Path, model: str, norm: str
) -> None:
    options = ("--model", model, "--norm", norm, "--epochs", 2, "--out", tmp_path)
    assert minigrad("train", *options).status == 0
    assert metrics(tmp_path)[-1]["test_accuracy"] > 0.85


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize(("data", "accuracy"), [("moons", 0.97), ("spirals", 0.9)])
def test_every_optimizer_learns_points_in_the_plane(
    minigrad: Command, tmp_path: Path, optimizer: str, data: str, accuracy: float
) -> None:
    options = ("--data", data, "--model", "mlp", "--optimizer", optimizer, "--epochs", 12)
    assert minigrad("train", *options, "--out", tmp_path).status == 0
    assert metrics(tmp_path)[-1]["test_accuracy"] > accuracy


def test_the_seed_decides_the_weights(minigrad: Command, tmp_path: Path) -> None:
    for folder, seed in (("one", 5), ("two", 5), ("three", 6)):
        minigrad(*quick, "--seed", seed, "--out", tmp_path / folder)
    one, two, three = (weights(tmp_path / folder) for folder in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_it_trains_on_every_device(minigrad: Command, tmp_path: Path, device: mg.Device) -> None:
    result = minigrad(*quick, "--device", device, "--out", tmp_path)
    assert result.status == 0, result.err
    assert metrics(tmp_path)[-1]["test_accuracy"] > 0.8


def test_a_backend_stands_for_its_default_device(minigrad: Command, tmp_path: Path) -> None:
    result = minigrad(*quick, "--backend", "strict", "--out", tmp_path)
    assert ", strict, seed 0" in result.out


@pytest.mark.parametrize("shape", [(4,), (5, 6), (2, 5, 6)])
def test_a_file_of_ones_own_may_hold_samples_of_any_shape(
    minigrad: Command, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    rng = numpy.random.default_rng(0)
    y = numpy.arange(60) % 3
    x = rng.standard_normal((60, *shape)) + 3 * y.reshape(60, *[1] * len(shape))
    numpy.savez(tmp_path / "own.npz", x=1e3 + 1e2 * x, y=y)
    options = ("--data", tmp_path / "own.npz", "--epochs", 20, "--batch-size", 16)
    model = "mlp" if len(shape) == 1 else "cnn"
    result = minigrad("train", *options, "--model", model, "--out", tmp_path / "run")
    assert result.status == 0, result.err
    assert metrics(tmp_path / "run")[-1]["test_accuracy"] > 0.8


def test_without_out_every_run_gets_a_folder_of_its_own(
    minigrad: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert minigrad(*quick).status == 0
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert names == ["moons-mlp-batch", "moons-mlp-batch-2"]
    assert "results in runs/moons-mlp-batch-2" in minigrad(*quick, "--resume").out


def test_a_run_that_diverges_is_stopped_and_keeps_its_last_good_epoch(
    minigrad: Command, tmp_path: Path
) -> None:
    options = ("--norm", "none", "--optimizer", "sgd", "--lr", 1e20, "--out", tmp_path)
    result = minigrad(*quick, *options)
    assert result.status == 2
    assert result.err.startswith("minigrad: the loss became ")
    assert "smaller --lr" in result.err
    assert not (tmp_path / "checkpoint.safetensors").exists()
