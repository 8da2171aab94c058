"""A user's own file: what it may hold, and what is said about anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import minigrad as mg
from minigrad.data import load_npz

good: dict[str, Any] = {
    "x": numpy.linspace(0, 1, 12).reshape(6, 2),
    "y": numpy.asarray([0, 1, 2, 0, 1, 2]),
    "x_test": numpy.zeros((2, 2)),
    "y_test": numpy.asarray([2, 0]),
}


def written(path: Path, **changes: Any) -> Path:
    arrays = {name: a for name, a in (good | changes).items() if a is not None}
    numpy.savez(path / "samples.npz", **arrays)
    return path / "samples.npz"


def test_samples_get_the_default_dtype_and_labels_int64(tmp_path: Path, device: mg.Device) -> None:
    path = written(
        tmp_path, x=numpy.arange(12, dtype="uint8").reshape(6, 2), y=good["y"].astype("u1")
    )
    with device:
        train, test = load_npz(path)
    x, y = train.tensors
    assert x.dtype == mg.float32
    assert y.dtype == mg.int64
    assert x.device is y.device is device
    assert x.tolist() == numpy.arange(12).reshape(6, 2).tolist()
    assert test is not None
    assert test.tensors[1].tolist() == [2, 0]


def test_samples_to_test_on_may_be_left_out(tmp_path: Path) -> None:
    train, test = load_npz(written(tmp_path, x_test=None, y_test=None))
    assert len(train) == 6
    assert test is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": None}, "no array x; it holds"),
        ({"y": None}, "no array y; it holds"),
        ({"x_test": None}, "no array x_test"),
        ({"y_test": None}, "no array y_test"),
        (
            {"y": numpy.zeros((6, 1), dtype="int64")},
            r"y has shape \(6, 1\), int64; expected labels",
        ),
        ({"y": numpy.zeros(6)}, r"y has shape \(6,\), float64; expected labels"),
        ({"y": numpy.zeros(0, dtype="int64")}, "expected labels"),
        ({"x": numpy.zeros(6)}, r"x has shape \(6,\), float64; expected \(6, ...\)"),
        ({"x": numpy.zeros((5, 2))}, r"x has shape \(5, 2\), float64; expected \(6, ...\)"),
        ({"x": numpy.zeros((6, 0))}, "a sample for each label"),
        ({"x": numpy.zeros((6, 2), dtype="complex64")}, "of real numbers"),
        ({"x": numpy.full((6, 2), numpy.nan)}, "x holds numbers that are not finite in float32"),
        ({"x": numpy.full((6, 2), 1e300)}, "x holds numbers that are not finite in float32"),
        ({"x_test": numpy.full((2, 2), numpy.inf)}, "x_test holds numbers that are not finite"),
        ({"x_test": numpy.zeros((2, 3))}, r"x_test has shape \(3,\), one of x \(2,\)"),
        ({"y": numpy.asarray([0, 1, -1, 0, 1, 1])}, "y has label -1, out of range"),
        ({"y": numpy.asarray([1, 2, 3, 1, 2, 3])}, "y has no label 0, but 3"),
        ({"y": numpy.asarray([0, 1, 255, 0, 1, 0])}, "y has no label 2, but 255"),
        ({"y_test": numpy.asarray([0, 3])}, "y_test has label 3, out of range for y's 0 to 2"),
    ],
)
def test_wrong_arrays_are_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        load_npz(written(tmp_path, **changes))
    assert "samples.npz" in str(error.value)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_named(tmp_path: Path, part: float) -> None:
    path = written(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(
        ValueError, match=r"samples\.npz: not a NumPy \.npz file, or a truncated one"
    ):
        load_npz(path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    data = bytearray(path.read_bytes())
    data[150:160] = b"\xff" * 10
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"samples\.npz: can't be read as a NumPy \.npz file"):
        load_npz(path)


def test_pickled_objects_are_never_read(tmp_path: Path) -> None:
    path = written(tmp_path, x=numpy.asarray([[print]] * 6, dtype=object))
    with pytest.raises(ValueError, match=r"samples\.npz: can't be read"):
        load_npz(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        load_npz(tmp_path / "nowhere.npz")
