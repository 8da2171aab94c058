"""Samples by number, and parts of them."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.data import Dataset, Subset, TensorDataset, default_collate, random_split
from minigrad.random import Generator


class Squares(Dataset):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: Any) -> tuple[int, float]:
        return index, float(index**2)


def numbers(n: int, device: Any = None) -> TensorDataset:
    return TensorDataset(
        mg.reshape(mg.arange(2 * n, dtype=mg.float32, device=device), (n, 2)),
        mg.arange(n, device=device),
    )


def test_a_sample_of_a_tensor_dataset_has_an_entry_from_each_tensor(device: mg.Device) -> None:
    x, y = numbers(4, device)[2]
    assert x.tolist() == [4.0, 5.0]
    assert y.item() == 2
    assert x.device is device


def test_a_batch_of_a_tensor_dataset_stays_on_its_device(device: mg.Device) -> None:
    x, y = numbers(4, device).batch([3, 0, 3])
    assert x.tolist() == [[6.0, 7.0], [0.0, 1.0], [6.0, 7.0]]
    assert y.tolist() == [3, 0, 3]
    assert x.device is y.device is device


def test_a_batch_of_any_dataset_is_its_samples_stacked() -> None:
    index, square = Squares().batch([1, 3])
    assert index.tolist() == [1, 3]
    assert square.tolist() == [1.0, 9.0]


@pytest.mark.parametrize("shapes", [[], [()], [(3,), (4, 2)], [(3, 1), ()]])
def test_a_tensor_dataset_needs_equal_first_axes(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="first axes are equal"):
        TensorDataset(*(mg.zeros(shape) for shape in shapes))


def test_a_dataset_without_its_methods_says_which() -> None:
    with pytest.raises(TypeError, match="__len__"):
        len(Dataset())
    with pytest.raises(TypeError, match="__getitem__"):
        Dataset()[0]


def test_collating_goes_into_tuples_and_dictionaries_and_leaves_strings() -> None:
    samples = [
        {"x": mg.tensor([1.0, 2.0]), "n": 1, "name": "a", "pair": (0, [1.5])},
        {"x": mg.tensor([3.0, 4.0]), "n": 2, "name": "b", "pair": (1, [2.5])},
    ]
    batch = default_collate(samples)
    assert batch["x"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert batch["n"].tolist() == [1, 2]
    assert batch["name"] == ["a", "b"]
    assert batch["pair"][0].tolist() == [0, 1]
    assert batch["pair"][1][0].tolist() == [1.5, 2.5]


def test_collated_floats_have_the_default_dtype_and_arrays_their_own() -> None:
    assert default_collate([1.5, 2.5]).dtype == mg.float32
    assert default_collate([numpy.ones(2), numpy.ones(2)]).dtype == mg.float64


def test_a_subset_of_a_subset_renumbers_twice() -> None:
    outer = Subset(numbers(10), [9, 7, 5, 3])
    inner = Subset(outer, [3, 1])
    assert len(inner) == 2
    assert inner[0][1].item() == 3
    assert inner.batch([0, 1])[1].tolist() == [3, 7]


@given(st.integers(1, 40), st.data())
def test_a_random_split_holds_every_sample_once(n: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, n))
    parts = random_split(numbers(n), [cut, n - cut], generator=Generator(0))
    assert [len(part) for part in parts] == [cut, n - cut]
    assert sorted(parts[0].indices + parts[1].indices) == list(range(n))


@pytest.mark.parametrize(
    ("n", "fractions", "expected"),
    [
        (10, [0.8, 0.2], [8, 2]),
        (11, [0.5, 0.5], [6, 5]),
        (10, [0.1] * 10, [1] * 10),
        (3, [1.0], [3]),
    ],
)
def test_a_random_split_takes_fractions(
    n: int, fractions: list[float], expected: list[int]
) -> None:
    parts = random_split(numbers(n), fractions, generator=Generator(0))
    assert [len(part) for part in parts] == expected


@pytest.mark.parametrize("lengths", [[3, 4], [11, -1], [0.5, 0.4], [], [-0.5, 1.5]])
def test_a_random_split_that_does_not_add_up_is_refused(lengths: list[float]) -> None:
    with pytest.raises(ValueError, match=r"don't add up to the data set's 10 samples or to 1"):
        random_split(numbers(10), lengths)


def test_a_random_split_follows_its_generator() -> None:
    one, two = (random_split(numbers(50), [25, 25], generator=Generator(3)) for _ in range(2))
    other = random_split(numbers(50), [25, 25], generator=Generator(4))
    assert one[0].indices == two[0].indices
    assert one[0].indices != other[0].indices
