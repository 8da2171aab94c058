"""Every function of the table takes Tensors as it takes NumPy's arrays, and is differentiated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import cotangent_for, gradients, second_gradients, value
from minigrad.testing.numeric import assert_is_derivative, directional
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close, assert_within, largest

from .row import Neighbour, Refusal
from .table import refused, working

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")
every_neighbour = pytest.mark.parametrize("row", working, ids=str)


@every_neighbour
@examples(0.1)
@given(seed=seeds)
def test_the_value_is_that_of_numpys_arrays(row: Neighbour, device: Any, seed: int) -> None:
    arrays = row.draw(seed)
    expected = np.asarray(row.call(*arrays))
    with device:
        actual = value(row.call, arrays, device)
    assert actual.dtype == np.float64
    assert actual.shape == expected.shape
    assert_close(actual, expected, f"{row}", terms=sum(x.size for x in arrays), magnitude=4.0)


@every_neighbour
@examples(0.1)
@given(seed=seeds)
def test_the_gradient_is_that_of_finite_differences(row: Neighbour, device: Any, seed: int) -> None:
    arrays = row.draw(seed)
    rng = np.random.default_rng(seed)
    u = cotangent_for(np.asarray(row.call(*arrays)), rng)
    directions = [cotangent_for(x, rng) for x in arrays]
    with device:
        found = gradients(row.call, arrays, range(len(arrays)), u, device)
    slope = sum(np.sum(g * v) for g, v in zip(found, directions, strict=True))
    terms = sum(x.size for x in arrays)
    numeric = directional(lambda *xs: np.sum(u * row.call(*xs)), arrays, directions, terms=terms)
    allowed = numeric.bound + row.leaves * largest(numeric.value)
    assert_within(np.asarray(slope), numeric.value, allowed, f"{row}: good to {allowed:.2g}")


@pytest.mark.parametrize("row", [row for row in working if not row.leaves], ids=str)
@examples(0.1)
@given(seed=seeds)
def test_the_second_gradient_is_that_of_finite_differences_of_the_first(
    row: Neighbour, seed: int
) -> None:
    arrays = row.draw(seed)
    rng = np.random.default_rng(seed)
    u = cotangent_for(np.asarray(row.call(*arrays)), rng)
    directions, moves = ([cotangent_for(x, rng) for x in arrays] for _ in range(2))
    wanted = range(len(arrays))

    def slope(*xs: Any) -> Any:
        found = gradients(row.call, xs, wanted, u, "cpu")
        return sum(np.sum(g * v) for g, v in zip(found, directions, strict=True))

    *found, _ = second_gradients(row.call, arrays, wanted, u, directions, "cpu")
    curve = sum(np.sum(g * v) for g, v in zip(found, moves, strict=True))
    assert_is_derivative(curve, slope, arrays, moves, f"{row}", terms=sum(x.size for x in arrays))


@pytest.mark.parametrize("row", refused, ids=str)
def test_a_function_that_converts_to_numpy_says_that_the_gradient_would_be_lost(
    row: Refusal,
) -> None:
    x = mg.linspace(0.5, 2.0, 6, requires_grad=True)
    with pytest.raises(row.error, match=row.message):
        row.call(x)


def test_the_table_is_long_enough_and_names_each_function_once() -> None:
    names: list[Any] = [row.name for row in (*working, *refused)]
    assert len(set(names)) == len(names)
    assert len(working) >= 80
