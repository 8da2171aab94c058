"""What Fourier transforms do to each other, and what that means for their derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import inner, to_numpy
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close, largest

norms = st.sampled_from(["backward", "ortho", "forward"])
sizes = st.integers(1, 9)
pairs = pytest.mark.parametrize(
    ("forth", "back"),
    [(mg.fft.fft, mg.fft.ifft), (mg.fft.rfft, mg.fft.irfft), (mg.fft.ihfft, mg.fft.hfft)],
    ids=lambda f: f.__name__,
)
pairs_of_several = pytest.mark.parametrize(
    ("forth", "back"),
    [(mg.fft.fftn, mg.fft.ifftn), (mg.fft.rfftn, mg.fft.irfftn)],
    ids=lambda f: f.__name__,
)


def real(rng: np.random.Generator, *shape: int) -> Any:
    return rng.standard_normal(shape)


def plane(rng: np.random.Generator, *shape: int) -> Any:
    return real(rng, *shape) + 1j * real(rng, *shape)


def close(actual: Any, expected: Any, what: str, terms: int) -> None:
    assert_close(actual, expected, what, terms=terms, magnitude=largest(expected))


@pairs
@examples(1.0)
@given(seed=seeds, n=sizes, norm=norms)
def test_there_and_back_is_the_identity_and_so_is_its_derivative(
    forth: Any, back: Any, device: Any, seed: int, n: int, norm: str
) -> None:
    rng = np.random.default_rng(seed)
    draw = plane if forth is mg.fft.fft else real
    x = mg.asarray(draw(rng, 2, n, 3), device=device, requires_grad=True)
    y = back(forth(x, axis=1, norm=norm), n=n, axis=1, norm=norm)
    close(to_numpy(y), to_numpy(x), "value", 8 * n)
    u = draw(rng, 2, n, 3)
    (g,) = mg.autograd.grad(y, x, mg.asarray(u, device=device))
    close(to_numpy(g), u, "gradient", 8 * n)


@pairs_of_several
@given(seed=seeds, shape=st.tuples(sizes, sizes), norm=norms)
def test_there_and_back_over_several_axes_is_the_identity_and_so_is_its_derivative(
    forth: Any, back: Any, device: Any, seed: int, shape: tuple[int, int], norm: str
) -> None:
    rng = np.random.default_rng(seed)
    draw = plane if forth is mg.fft.fftn else real
    x = mg.asarray(draw(rng, *shape), device=device, requires_grad=True)
    y = back(forth(x, norm=norm), s=shape, norm=norm)
    u = draw(rng, *shape)
    (g,) = mg.autograd.grad(y, x, mg.asarray(u, device=device))
    close(to_numpy(y), to_numpy(x), "value", 16 * x.size)
    close(to_numpy(g), u, "gradient", 16 * x.size)


@given(seed=seeds, n=sizes)
def test_a_product_of_spectra_is_a_circular_convolution_and_has_its_derivatives(
    device: Any, seed: int, n: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b, u = (real(rng, n) for _ in range(3))
    x, y = (mg.asarray(v, device=device, requires_grad=True) for v in (a, b))
    z = mg.fft.irfft(mg.fft.rfft(x) * mg.fft.rfft(y), n=n)
    # Row j of the circulant matrix of b is b backwards, turned by j + 1.
    circulant = np.array([np.roll(b[::-1], j + 1) for j in range(n)])
    close(to_numpy(z), circulant @ a, "convolution", 16 * n)
    by_x, by_y = mg.autograd.grad(z, [x, y], mg.asarray(u, device=device))
    close(to_numpy(by_x), circulant.T @ u, "gradient by the signal", 16 * n)
    other = np.array([np.roll(a[::-1], j + 1) for j in range(n)])
    close(to_numpy(by_y), other.T @ u, "gradient by the kernel", 16 * n)


@given(seed=seeds, n=sizes)
def test_energy_is_that_of_the_spectrum_and_its_hessian_constant(
    device: Any, seed: int, n: int
) -> None:
    """Parseval: the sum of |x|^2 has the gradient 2x and the Hessian 2, by way of the spectrum."""
    a = real(np.random.default_rng(seed), n)
    energy = lambda x: mg.sum(mg.abs(mg.fft.fft(x, norm="ortho")) ** 2)
    x = mg.asarray(a, device=device)
    close(to_numpy(energy(x)), np.sum(a * a), "energy", 16 * n)
    close(to_numpy(mg.grad(energy)(x)), 2 * a, "gradient", 16 * n)
    close(to_numpy(mg.hessian(energy)(x)), 2 * np.eye(n), "Hessian", 16 * n)


@given(seed=seeds, n=st.integers(2, 6), norm=norms)
def test_third_derivatives_through_a_spectrum_are_those_without_it(
    device: Any, seed: int, n: int, norm: str
) -> None:
    rng = np.random.default_rng(seed)
    a, v = real(rng, n), real(rng, n)
    cubes = lambda x: mg.sum(x**3 + mg.sin(x))
    there_and_back = lambda x: cubes(mg.fft.irfft(mg.fft.rfft(x, norm=norm), n=n, norm=norm))
    x, t = (mg.asarray(b, device=device) for b in (a, v))

    def third(f: Any) -> Any:
        """The gradient of the second derivative along t."""
        slope = lambda x: mg.sum(mg.grad(f)(x) * t)
        curve = lambda x: mg.sum(mg.grad(slope)(x) * t)
        return to_numpy(mg.grad(curve)(x))

    close(third(there_and_back), third(cubes), "third derivative", 64 * n)


@given(seed=seeds, n=sizes)
def test_hfft_is_fft_of_the_whole_of_which_half_is_given(device: Any, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    half = plane(rng, n // 2 + 1)
    half[0] = half[0].real
    if n % 2 == 0:
        half[-1] = half[-1].real
    whole = np.concatenate([half, np.conj(half[1 : (n + 1) // 2][::-1])])
    y = mg.fft.hfft(mg.asarray(half, device=device), n=n)
    assert y.dtype == mg.float64
    expected = to_numpy(mg.fft.fft(mg.asarray(whole, device=device)))
    close(to_numpy(y), expected.real, "spectrum", 16 * n)
    assert largest(expected.imag) == 1.0 and np.max(np.abs(expected.imag)) < 1e-12


def test_gradients_of_a_transform_hold_no_copy_of_the_signal() -> None:
    """What the rules read is the shape alone."""
    x = mg.asarray(np.ones(5000), requires_grad=True)
    y = mg.fft.rfft(x)
    assert not hasattr(y.node.inputs[0], "__array__")
    assert y.node.output is None


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_are_numpys(device: Any, name: str, n: int) -> None:
    f = getattr(mg.fft, name)
    for options in ({}, {"d": 0.1}):
        expected = getattr(np.fft, name)(n, **options)
        y = f(n, **options, device=device)
        assert (y.dtype, y.device) == (mg.float32, device)
        np.testing.assert_array_equal(to_numpy(y), expected.astype("float32"))
        assert f(n, **options, dtype=mg.float64, device=device).dtype == mg.float64
    with mg.device(device):
        assert f(n).device == device


@given(seed=seeds, n=sizes)
def test_shifts_undo_each_other_and_frequencies_come_out_in_order(
    device: Any, seed: int, n: int
) -> None:
    x = mg.asarray(real(np.random.default_rng(seed), n, 3), device=device)
    for axes in (None, 0, (1, 0), -1):
        y = mg.fft.ifftshift(mg.fft.fftshift(x, axes=axes), axes=axes)
        np.testing.assert_array_equal(to_numpy(y), to_numpy(x))
    frequencies = to_numpy(mg.fft.fftshift(mg.fft.fftfreq(n, device=device)))
    assert np.all(np.diff(frequencies) > 0)


@given(seed=seeds)
def test_a_gradient_through_half_a_spectrum_is_adjoint_to_the_transform(
    device: Any, seed: int
) -> None:
    """<u, F v> = <F* u, v>, of real and imaginary parts, whatever irfft does not read."""
    rng = np.random.default_rng(seed)
    for f in (mg.fft.irfft, mg.fft.hfft):
        for n in (1, 4, 5, 9):
            z, v, u = plane(rng, 3), plane(rng, 3), real(rng, n)
            x = mg.asarray(z, device=device, requires_grad=True)
            (g,) = mg.autograd.grad(f(x, n=n), x, mg.asarray(u, device=device))
            left = inner(u, to_numpy(f(mg.asarray(v, device=device), n=n)))
            close(np.asarray(left), np.asarray(inner(to_numpy(g), v)), f.__name__, 64)
