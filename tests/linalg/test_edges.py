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


def test_the_derivative_of_det_at_a_singular_complex_matrix_is_nan(device: Any) -> None:
    """Alone: the other matrices of the stack have theirs."""
    stack = mg.asarray(np.array([[[1j, 2j], [1j, 2j]], [[1j, 0], [0, 2]]]), device=device)
    stack.requires_grad_()
    (g,) = mg.autograd.grad(mg.sum(mg.real(mg.linalg.det(stack))), stack)
    assert np.isnan(to_numpy(g)[0]).all()
    np.testing.assert_array_equal(to_numpy(g)[1], [[2, 0], [0, -1j]])


@pytest.mark.parametrize(
    "name", ["eigh", "eigvalsh", "svd", "svdvals", "qr", "cholesky", "slogdet"]
)
def test_decompositions_of_complex_matrices_have_no_derivative_and_say_so(
    name: str, device: Any
) -> None:
    x = mg.tensor(np.array([[2, 1j], [-1j, 3]]), device=device, requires_grad=True)
    y = getattr(mg.linalg, name)(x)
    last = y[-1] if isinstance(y, tuple) else y
    message = rf"{name}.*, recorded at .*, has no derivative through complex numbers; apply it to"
    with pytest.raises(TypeError, match=message):
        mg.autograd.grad(mg.sum(mg.abs(last)), x)


@pytest.mark.parametrize("order", [0, 1, 2, np.inf, -np.inf, 3])
def test_the_norm_of_complex_vectors_is_real(order: float, device: Any) -> None:
    z = mg.asarray(np.array([1j, 0, 2]), dtype=mg.complex64, device=device)
    assert mg.linalg.vector_norm(z, ord=order).dtype == mg.float32
