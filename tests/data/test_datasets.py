"""The data sets that come with minigrad: digits as UCI has them, moons and spirals as described."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import data


def test_digits_are_divided_into_1437_and_360() -> None:
    train, test = data.digits("train"), data.digits("test")
    assert [t.shape for t in train.tensors] == [(1437, 1, 8, 8), (1437,)]
    assert [t.shape for t in test.tensors] == [(360, 1, 8, 8), (360,)]
    assert [t.dtype for t in train.tensors] == [mg.float32, mg.int64]


def test_digits_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_digits()
    ours = [data.digits(split) for split in ("train", "test")]
    x = numpy.concatenate([part.tensors[0].numpy().reshape(-1, 64) for part in ours])
    y = numpy.concatenate([part.tensors[1].numpy() for part in ours])
    table = numpy.column_stack([x * 16, y])
    assert sorted(map(tuple, table.tolist())) == sorted(
        map(tuple, numpy.column_stack([theirs.data, theirs.target]).tolist())
    )


def test_digits_have_the_default_dtype_and_device(device: mg.Device) -> None:
    mg.set_default_dtype("float64")
    with device:
        x, y = data.digits("test").tensors
    mg.set_default_dtype("float32")
    assert x.dtype == mg.float64
    assert x.device is y.device is device


def test_a_split_that_digits_lack_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 'train' or 'test'"):
        data.digits("validation")


@pytest.mark.parametrize("make", [data.moons, data.spirals])
def test_one_seed_gives_one_data_set_on_every_device(
    make: Callable[..., data.TensorDataset], device: mg.Device
) -> None:
    with device:
        here = make(50, seed=3)
    there, other = make(50, seed=3), make(50, seed=4)
    assert here.tensors[0].device is device
    assert here.tensors[0].tolist() == there.tensors[0].tolist()
    assert here.tensors[0].tolist() != other.tensors[0].tolist()


@given(st.integers(2, 60), st.integers(0, 100))
def test_moons_without_noise_lie_on_two_half_circles(n: int, seed: int) -> None:
    for point, label in data.moons(n, noise=0, seed=seed):
        x, y = point.tolist()
        if label == 1:
            x, y = 1 - x, 0.5 - y
        assert math.hypot(x, y) == pytest.approx(1, abs=1e-6)
        assert y >= -1e-6


@given(st.integers(1, 6), st.integers(0, 100))
def test_spirals_without_noise_turn_once_from_the_origin_to_radius_one(
    classes: int, seed: int
) -> None:
    for point, label in data.spirals(5 * classes, classes, noise=0, seed=seed):
        x, y = point.tolist()
        radius = math.hypot(x, y)
        angle = math.atan2(y, x) - 2 * math.pi * label.item() / classes
        assert radius < 1 + 1e-6
        off = math.remainder(angle - 2 * math.pi * radius, 2 * math.pi)
        assert off == pytest.approx(0, abs=1e-3)


@given(st.integers(2, 40), st.integers(1, 5))
def test_classes_are_as_equal_as_they_can_be(n: int, classes: int) -> None:
    n = max(n, classes)
    counts = numpy.bincount(data.spirals(n, classes, seed=0).tensors[1].numpy())
    assert len(counts) == classes
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("noise", [-0.1, math.nan, math.inf])
def test_noise_that_is_no_deviation_is_refused(noise: float) -> None:
    with pytest.raises(ValueError, match="moons: noise"):
        data.moons(10, noise=noise)


@pytest.mark.parametrize(("n", "classes"), [(0, 2), (-1, 2), (2, 3), (5, 0)])
def test_fewer_points_than_classes_are_refused(n: int, classes: int) -> None:
    with pytest.raises(ValueError, match="expected at least one a class"):
        data.spirals(n, classes)
