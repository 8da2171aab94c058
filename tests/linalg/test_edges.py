"""Derivatives at singular matrices and at values that coincide; what einsum refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing.derivatives import to_numpy


def gradient(f: Any, values: Any, device: Any) -> Any:
    x = mg.tensor(values, dtype=mg.float64, device=device)
    return to_numpy(mg.grad(f)(x))


@pytest.mark.parametrize(
    ("x", "cofactors"),
    [
        ([[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
        ([[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [-1.0, 0.0]]),
        ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]),
        ([[0.0]], [[1.0]]),
    ],
)
def test_the_derivative_of_det_at_a_singular_matrix_is_its_cofactors(
    x: Any, cofactors: Any, device: Any
) -> None:
    np.testing.assert_allclose(gradient(mg.linalg.det, x, device), cofactors, atol=1e-14)


def test_the_derivative_of_slogdet_at_a_singular_matrix_is_nan(device: Any) -> None:
    f = lambda x: mg.linalg.slogdet(x).logabsdet
    assert np.isnan(gradient(f, np.ones((2, 2)), device)).all()


def test_eigenvalues_that_coincide_have_a_derivative(device: Any) -> None:
    """Whatever vectors are found, the sum of the values moves with the trace."""
    for f in (lambda x: mg.linalg.eigh(x).eigenvalues, mg.linalg.eigvalsh, mg.linalg.svdvals):
        g = gradient(lambda x, f=f: mg.sum(f(x)), np.eye(3), device)
        np.testing.assert_allclose(g, np.eye(3), atol=1e-14)


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, mg.inf, -mg.inf])
def test_the_derivative_of_a_matrix_norm_at_the_origin_is_0(ord: Any, device: Any) -> None:
    f = lambda x: mg.linalg.matrix_norm(x, ord=ord)
    np.testing.assert_array_equal(gradient(f, np.zeros((2, 3)), device), np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk", [(2, 3), (2, 3)], r"'ij,jk' for \(2, 3\), \(2, 3\): 'j' has sizes 3 and 2"),
        ("ij", [(2,)], r"'ij' for \(2,\): 'ij' names 2 axes of 1"),
        ("i->j", [(2,)], "the result names 'j', which no operand has once"),
        ("i->ii", [(2,)], "the result names 'i', which no operand has once"),
        ("i,i", [(2,)], "2 operands are named, 1 are given"),
        ("i1", [(2, 2)], "'i1' is made of other signs than letters and one '...'"),
        ("...i->i", [(2, 2)], "the result lacks the '...' of the operands"),
    ],
)
def test_einsum_says_which_subscripts_do_not_fit(
    subscripts: str, shapes: Any, message: str, device: Any
) -> None:
    with pytest.raises(ValueError, match=f"^einsum: .*{message}"):
        mg.einsum(subscripts, *(mg.ones(shape, device=device) for shape in shapes))
