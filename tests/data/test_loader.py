"""Batches: how many, how large, in which order, and the same again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.data import DataLoader, TensorDataset
from minigrad.random import Generator


def rows(n: int) -> TensorDataset:
    return TensorDataset(mg.arange(n))


def passes(loader: DataLoader, n: int = 1) -> list[list[list[int]]]:
    return [[batch.tolist() for (batch,) in loader] for _ in range(n)]


@given(st.integers(0, 30), st.integers(1, 12), st.booleans(), st.booleans())
def test_a_pass_holds_every_sample_once_but_for_what_drop_last_drops(
    n: int, batch_size: int, shuffle: bool, drop_last: bool
) -> None:
    loader = DataLoader(rows(n), batch_size, shuffle, drop_last=drop_last, generator=Generator(0))
    (batches,) = passes(loader)
    assert len(batches) == len(loader)
    seen = [i for batch in batches for i in batch]
    assert len(set(seen)) == len(seen) == (n - n % batch_size if drop_last else n)
    assert all(len(batch) == batch_size for batch in batches[:-1])
    if not shuffle:
        assert seen == list(range(len(seen)))


def test_two_loaders_with_one_seed_agree_and_passes_differ() -> None:
    one, two = (
        passes(DataLoader(rows(40), 7, shuffle=True, generator=Generator(5)), 3) for _ in range(2)
    )
    assert one == two
    assert one[0] != one[1] != one[2]


def test_without_a_generator_the_order_follows_manual_seed() -> None:
    loader = DataLoader(rows(40), 8, shuffle=True)
    mg.random.manual_seed(1)
    one = passes(loader, 2)
    mg.random.manual_seed(1)
    assert passes(loader, 2) == one


@given(st.integers(0, 5))
def test_a_loader_continues_from_its_state(n: int) -> None:
    loader = DataLoader(rows(20), 6, shuffle=True, generator=Generator(2))
    passes(loader, n)
    state = loader.state_dict()
    expected = passes(loader, 2)
    other = DataLoader(rows(20), 6, shuffle=True, generator=Generator(99))
    other.load_state_dict(state)
    assert passes(other, 2) == expected


def test_the_order_is_drawn_when_a_pass_begins() -> None:
    loader = DataLoader(rows(20), 5, shuffle=True, generator=Generator(2))
    before = loader.state_dict()
    iter(loader)
    assert loader.state_dict() != before


def test_two_passes_at_once_do_not_disturb_each_other() -> None:
    loader = DataLoader(rows(6), 2)
    pairs = [(a.tolist(), b.tolist()) for (a,), (b,) in zip(loader, loader, strict=True)]
    assert pairs == [([0, 1], [0, 1]), ([2, 3], [2, 3]), ([4, 5], [4, 5])]


def test_collate_fn_gets_the_list_of_samples() -> None:
    loader = DataLoader(rows(3), 2, collate_fn=lambda samples: [x.item() for (x,) in samples])
    assert list(loader) == [[0, 1], [2]]


def test_anything_with_a_length_and_numbered_samples_is_a_data_set() -> None:
    first, second = DataLoader([(1.0, 0), (2.0, 1), (3.0, 1)], 2)
    assert first[0].tolist() == [1.0, 2.0]
    assert second[1].tolist() == [1]


@pytest.mark.parametrize("batch_size", [0, -3])
def test_a_batch_size_below_one_is_refused(batch_size: int) -> None:
    with pytest.raises(ValueError, match=f"batch_size is {batch_size}, expected at least 1"):
        DataLoader(rows(3), batch_size)
