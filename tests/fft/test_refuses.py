"""What `mg.fft` refuses, and what it takes although it is neither float nor complex."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing.derivatives import to_numpy

Call = Callable[[], Any]

golden: list[tuple[type[Exception], str, Call]] = [
    (TypeError, "rfft: takes real numbers, got complex64; use fft, or mg.real(x)",
     lambda: mg.fft.rfft(mg.ones(3, dtype="complex64"))),
    (TypeError, "ihfft: takes real numbers, got complex64; use ifft, or mg.real(x)",
     lambda: mg.fft.ihfft(mg.ones(3, dtype="complex64"))),
    (TypeError, "rfft: takes real numbers, got complex64; use fft, or mg.real(x)",
     lambda: mg.fft.rfftn(mg.ones((3, 3), dtype="complex64"))),
    (ValueError, "fft: n is 0, expected at least 1 point", lambda: mg.fft.fft(mg.ones(3), n=0)),
    (ValueError, "irfft: n is 0 for axis 0 of (1,), expected at least 1 point",
     lambda: mg.fft.irfft(mg.ones(1))),
    (ValueError, "ifft: norm is None, expected one of ('backward', 'ortho', 'forward')",
     lambda: mg.fft.ifft(mg.ones(3), norm=None)),
    (ValueError, "fft: axis 1 is out of bounds for 1 dimensions",
     lambda: mg.fft.fft(mg.ones(3), axis=1)),
    (ValueError, "fft: axis -1 is out of bounds for 0 dimensions", lambda: mg.fft.fft(mg.ones(()))),
    (ValueError, "fftn: axes (0, -2) of (3, 4) name an axis twice",
     lambda: mg.fft.fftn(mg.ones((3, 4)), axes=(0, -2))),
    (ValueError, "rfftn: s (3,) and axes (0, 1) differ in length",
     lambda: mg.fft.rfftn(mg.ones((3, 4)), s=(3,), axes=(0, 1))),
    (ValueError, "irfftn: expected at least one axis", lambda: mg.fft.irfftn(mg.ones(()))),
    (ValueError, "fftfreq: n is 0, expected at least 1 point", lambda: mg.fft.fftfreq(0)),
    (TypeError, "rfftfreq: dtype is complex64, expected a real floating one",
     lambda: mg.fft.rfftfreq(3, dtype="complex64")),
    (ValueError, "fftshift: axis 2 is out of bounds for 1 dimensions",
     lambda: mg.fft.fftshift(mg.ones(3), axes=2)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), golden, ids=[g[1][:40] for g in golden])
def test_messages_to_the_letter(error: type[Exception], message: str, call: Call) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize("name", mg.fft.__all__)
def test_signatures_are_the_standards(name: str) -> None:
    strict = pytest.importorskip("array_api_strict")
    ours, theirs = (signature(getattr(xp.fft, name)).parameters for xp in (mg, strict))
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_integers_count_as_the_default_floating_dtype(device: Any, dtype: str) -> None:
    x = mg.asarray([1, 0, 1, 1], dtype=dtype, device=device)
    assert mg.fft.fft(x).dtype == mg.fft.rfft(x).dtype == mg.complex64
    assert mg.fft.irfft(x).dtype == mg.float32
    np.testing.assert_allclose(to_numpy(mg.fft.fft(x)), np.fft.fft([1, 0, 1, 1]), atol=1e-6)


@pytest.mark.parametrize("shape", [(0, 4), (2, 0)])
def test_axes_without_elements_are_padded_or_passed_by(device: Any, shape: tuple[int, ...]) -> None:
    x = mg.ones(shape, device=device, requires_grad=True)
    for f in (mg.fft.fft, mg.fft.ifft, mg.fft.rfft, mg.fft.irfft, mg.fft.hfft, mg.fft.ihfft):
        y = f(x, n=3)
        points = 2 if f in (mg.fft.rfft, mg.fft.ihfft) else 3
        assert y.shape == (shape[0], points)
        assert not np.any(to_numpy(y)), "of nothing but zeros"
        (g,) = mg.autograd.grad(y, x, mg.ones_like(y))
        assert (g.shape, g.dtype) == (shape, x.dtype)


def test_a_transform_over_no_axes_is_the_array_as_complex_numbers(device: Any) -> None:
    x = mg.ones((), device=device)
    assert mg.fft.fftn(x).dtype == mg.fft.ifftn(x, axes=()).dtype == mg.complex64
    assert mg.fft.fftshift(x).item() == 1.0
