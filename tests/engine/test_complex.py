"""Complex numbers on the way and at the ends: what is handed in and out has PyTorch's convention.

For a real loss L and z = a + ib that is dL/da + i dL/db, in gradients, cotangents and hooks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import inner, to_numpy
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch

PRECISE = {"rtol": 1e-12, "atol": 1e-12}


def plane(seed: int, *shape: int) -> Any:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def loss_of(xp: Any, z: Any) -> Any:
    """Real, and as far from holomorphic as can be."""
    return (xp.real(z * z * z) + 3 * xp.imag(z) * xp.abs(z)).sum()


def partial_derivatives(z: Any) -> Any:
    """dL/da + i dL/db of `loss_of`, worked out by hand."""
    a, b, r = z.real, z.imag, np.abs(z)
    by_a = 3 * (a * a - b * b) + 3 * b * a / r
    by_b = -6 * a * b + 3 * (r + b * b / r)
    return by_a + 1j * by_b


@given(seed=seeds)
def test_the_gradient_of_a_complex_leaf_holds_both_partial_derivatives(
    device: Any, seed: int
) -> None:
    z = mg.asarray(plane(seed, 3), device=device, requires_grad=True)
    loss_of(mg, z).backward()
    expected = partial_derivatives(to_numpy(z))
    np.testing.assert_allclose(to_numpy(z.grad), expected, **PRECISE)
    loss_of(mg, z).backward()
    np.testing.assert_allclose(to_numpy(z.grad), 2 * expected, **PRECISE)


@pytest.mark.parametrize("create_graph", [False, True])
def test_hooks_targets_and_retained_gradients_have_the_same_convention(
    device: Any, create_graph: bool
) -> None:
    x = mg.asarray(plane(1, 3).real, device=device, requires_grad=True)
    z = x * (1 + 2j)
    seen: list[Any] = []
    z.register_hook(lambda g: seen.append(to_numpy(g)))
    loss = loss_of(mg, z)
    (g,) = mg.autograd.grad(loss, z, create_graph=create_graph, retain_graph=True)
    z.retain_grad()
    loss.backward()
    expected = partial_derivatives(to_numpy(z))
    for found in (*seen, to_numpy(g), to_numpy(z.grad)):
        np.testing.assert_allclose(found, expected, **PRECISE)
    assert x.grad.dtype == x.dtype
    np.testing.assert_allclose(to_numpy(x.grad), (expected * (1 - 2j)).real, **PRECISE)


def test_what_a_hook_returns_takes_the_gradients_place_as_it_is(device: Any) -> None:
    z = mg.asarray(plane(2, 3), device=device, requires_grad=True)
    y = z * 1j
    y.register_hook(lambda g: g * 0 + (3 + 4j))
    loss_of(mg, y).backward()
    np.testing.assert_allclose(to_numpy(z.grad), np.full(3, (3 + 4j) * -1j), **PRECISE)


@needs_torch
@examples(0.5)
@given(seed=seeds)
def test_a_cotangent_handed_in_means_what_it_means_to_pytorch(device: Any, seed: int) -> None:
    z, u = plane(seed, 2, 3), plane(seed + 1, 2, 3)
    x = mg.asarray(z, device=device, requires_grad=True)
    y = mg.exp(x) * mg.conj(x)
    (g,) = mg.autograd.grad(y, x, mg.asarray(u, device=device), retain_graph=True)
    y.backward(mg.asarray(u, device=device))
    t = to_torch(z, True)
    (expected,) = torch.autograd.grad(t.exp() * t.conj(), t, to_torch(u))
    for found in (g, x.grad):
        np.testing.assert_allclose(to_numpy(found), from_torch(expected), **PRECISE)


def test_parts_and_conjugate_are_attributes_too(device: Any) -> None:
    z = mg.asarray(plane(7, 3), device=device, requires_grad=True)
    y = z.real * z.imag + (z.conj() * 1j).real
    (g,) = mg.autograd.grad(mg.sum(y), z)
    a, b = to_numpy(z).real, to_numpy(z).imag
    np.testing.assert_allclose(to_numpy(y), a * b + b, **PRECISE)
    np.testing.assert_allclose(to_numpy(g), b + 1j * (a + 1), **PRECISE)
    x = mg.ones(2, device=device)
    assert x.real.tolist() == x.conj().tolist() == [1.0, 1.0] and x.imag.tolist() == [0.0, 0.0]


@needs_torch
def test_gradient_descent_on_complex_parameters_is_pytorchs_and_squares_are_refused() -> None:
    z = plane(8, 4)
    p, q = mg.tensor(z, requires_grad=True), to_torch(z, True)
    options = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1, "nesterov": True}
    ours, theirs = mg.optim.SGD([p], **options), torch.optim.SGD([q], **options)
    for _ in range(5):
        ours.zero_grad()
        theirs.zero_grad()
        mg.sum(mg.abs(mg.exp(p) - 2j) ** 2).backward()
        ((q.exp() - 2j).abs() ** 2).sum().backward()
        ours.step()
        theirs.step()
    np.testing.assert_allclose(to_numpy(p), from_torch(q), **PRECISE)
    for optimizer in (mg.optim.Adam, mg.optim.AdamW, mg.optim.RMSprop):
        with pytest.raises(TypeError, match="squares gradients, which has no meaning for complex"):
            optimizer([p])
    with pytest.raises(TypeError, match="clip: complex128 has no order"):
        mg.nn.utils.clip_grad_value_([p], 1.0)


def test_a_step_against_the_gradient_goes_downhill(device: Any) -> None:
    z = mg.asarray(plane(3, 4), device=device, requires_grad=True)
    before = loss = mg.sum(mg.abs(mg.exp(z) - (1 - 2j)) ** 2)
    for _ in range(200):
        (g,) = mg.autograd.grad(loss, z)
        z = (z - 0.02 * g).detach().requires_grad_()
        loss = mg.sum(mg.abs(mg.exp(z) - (1 - 2j)) ** 2)
    assert loss.item() < 1e-3 * before.item()


@given(x=st.floats(-2, 2), k=st.sampled_from([1.0, 0.5, -2.0]))
def test_derivatives_of_any_order_pass_through_the_plane(device: Any, x: float, k: float) -> None:
    """The real part of exp(ikx) is cos(kx), whose n-th derivative is k^n cos(kx + n pi / 2)."""
    f = lambda t: mg.real(mg.exp(1j * k * t))
    point = mg.asarray(x, dtype=mg.float64, device=device)
    for n in range(5):
        expected = k**n * math.cos(k * x + n * math.pi / 2)
        assert math.isclose(f(point).item(), expected, rel_tol=1e-12, abs_tol=1e-11)
        f = mg.grad(f)


@examples(0.5)
@given(seed=seeds, complex=st.booleans())
def test_jvp_is_the_change_along_the_tangent_and_vjp_its_adjoint(
    device: Any, seed: int, complex: bool
) -> None:
    x, v, u = plane(seed, 3), plane(seed + 1, 3), plane(seed + 2, 3)
    if not complex:
        x, v = x.real, v.real
    f = lambda z: mg.exp(z) * 1j + mg.conj(z) * z
    here, along = (mg.asarray(a, device=device) for a in (x, v))
    y, pushed = mg.jvp(f, (here,), (along,))
    expected = np.exp(x) * v * 1j + np.conj(v) * x + np.conj(x) * v
    assert y.dtype == pushed.dtype == mg.complex128
    np.testing.assert_allclose(to_numpy(pushed), expected, **PRECISE)
    _, pull = mg.vjp(f, here)
    (pulled,) = pull(mg.asarray(u, device=device))
    assert pulled.dtype == here.dtype
    assert math.isclose(inner(to_numpy(pulled), v), inner(u, expected), rel_tol=1e-9, abs_tol=1e-9)


def test_single_precision_stays_single(device: Any) -> None:
    x = mg.asarray(np.ones(3, "float32"), device=device, requires_grad=True)
    z = (x + 2j * x) ** 2 / (1 + 1j)
    assert z.dtype == mg.complex64
    (g,) = mg.autograd.grad(mg.sum(mg.abs(mg.exp(-z))), x, create_graph=True)
    (h,) = mg.autograd.grad(mg.sum(g), x)
    assert g.dtype == h.dtype == mg.float32


def test_casts_copies_and_devices_hand_complex_gradients_on(device: Any) -> None:
    z = mg.asarray(plane(4, 3), device="cpu", requires_grad=True)
    y = mg.asarray(mg.astype(z, mg.complex64).to(device), copy=True)
    assert y.dtype == mg.complex64 and y.device == device
    u = plane(5, 3).astype("complex64")
    (g,) = mg.autograd.grad(y, z, mg.asarray(u, device=device))
    assert g.dtype == mg.complex128
    np.testing.assert_array_equal(to_numpy(g), u)
    outer = mg.grad(lambda t: mg.real(mg.sum(mg.grad(lambda s: mg.abs(s * t) ** 2)(t))))
    point = mg.asarray(1 + 2j, device=device)
    # The inner gradient is 2 s |t|^2 at s = t, and d/da, d/db of 2 Re t |t|^2 follow.
    assert abs(outer(point).item() - (2 * 5 + 4 * 1 + 8j)) < 1e-4


@pytest.mark.parametrize("f", [mg.max, mg.var, mg.std, mg.special.relu])
def test_functions_of_real_numbers_compute_what_numpy_computes_but_refuse_a_derivative(
    f: Any,
) -> None:
    z = mg.asarray(plane(6, 3), requires_grad=True)
    with pytest.raises(TypeError, match="has no derivative through complex numbers"):
        mg.sum(mg.abs(f(z))).backward()
    assert z.grad is None
