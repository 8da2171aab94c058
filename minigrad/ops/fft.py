"""Fourier transforms. Each is linear, and its derivative another transform.

The matrix of `fft` is symmetric, so `fft` is its own transpose. The other one-dimensional
transforms take or give half of a spectrum, the other half of which is its mirror image; they are
`fft` and `ifft` behind a selection of rows, and transpose in pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from ..dtypes import as_floating, default_float
from ..primitive import Primitive, primitive
from ..tensor import Tensor, namespace
from .axes import axis_of

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]

NORMS = ("backward", "ortho", "forward")


def resized(xp: Any, g: Any, size: int, axis: int) -> Any:
    """The transpose of what a transform does to an axis that has not its length: cut it or pad."""
    missing = size - g.shape[axis]
    if missing <= 0:
        return xp.getitem(g, (*(slice(None),) * axis, slice(0, size))) if missing else g
    shape = tuple(missing if i == axis else n for i, n in enumerate(g.shape))
    return xp.concat([g, xp.zeros(shape, dtype=g.dtype, device=g.device)], axis=axis)


def with_mirror_images(xp: Any, half: Any, g: Any, n: int, axis: int) -> Any:
    """Half a spectrum of a real g, doubled where a frequency has a mirror image: not at 0, n/2."""
    k = xp.arange(half.shape[axis], device=g.device)
    weights = 1 + xp.astype((k > 0) & (2 * k != n), g.dtype)
    return half * xp.reshape(weights, (-1, *(1,) * (half.ndim - axis - 1)))


def transform(name: str, transpose: Callable[..., Any]) -> Primitive:
    """The one-dimensional transform `name`; `transpose(xp, g, n=, axis=, norm=)` goes back."""

    def vjp(xp: Any, g: Any, y: Any, x: Any, *, n: int, axis: int, norm: str) -> Any:
        return resized(xp, transpose(xp, g, n=n, axis=axis, norm=norm), x.shape[axis], axis)

    def forward(xp: Any, x: Any, *, n: int, axis: int, norm: str) -> Any:
        return getattr(xp.fft, name)(x, n=n, axis=axis, norm=norm)

    return primitive(name, vjp, forward=forward, complex=True)


def irfft_transpose(xp: Any, g: Any, *, n: int, axis: int, norm: str) -> Any:
    return with_mirror_images(xp, xp.fft.ihfft(g, n=n, axis=axis, norm=norm), g, n, axis)


def hfft_transpose(xp: Any, g: Any, *, n: int, axis: int, norm: str) -> Any:
    return with_mirror_images(xp, xp.fft.rfft(g, n=n, axis=axis, norm=norm), g, n, axis)


# fmt: off
_fft   = transform("fft",   lambda xp, g, **how: xp.fft.fft(g, **how))
_ifft  = transform("ifft",  lambda xp, g, **how: xp.fft.ifft(g, **how))
_rfft  = transform("rfft",  lambda xp, g, **how: xp.fft.fft(g, **how))
_irfft = transform("irfft", irfft_transpose)
_hfft  = transform("hfft",  hfft_transpose)
_ihfft = transform("ihfft", lambda xp, g, **how: xp.fft.ifft(g, **how))
# fmt: on


def fft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The discrete Fourier transform along `axis`: y_k = sum_j x_j exp(-2 pi i j k / n).

    The axis is cut to `n` points, or filled up with zeros. The sum is scaled by 1 ("backward"),
    1 / sqrt(n) ("ortho") or 1 / n ("forward"). The result is complex, of x's precision. Raises
    ValueError for an axis that x has not, fewer than one point, or another `norm`.
    """
    return along(_fft, as_complex(x), n, axis, norm)


def ifft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The inverse of `fft`: y_j = sum_k x_k exp(2 pi i j k / n) / n, with norms the other way."""
    return along(_ifft, as_complex(x), n, axis, norm)


def rfft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The `fft` of real numbers, without the half that mirrors the other: n // 2 + 1 points.

    Raises TypeError for complex numbers; otherwise as `fft`.
    """
    return along(_rfft, as_real("rfft", x), n, axis, norm)


def irfft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The inverse of `rfft`: n real numbers, by default 2 (m - 1) of m points.

    The imaginary parts of the first point and, for even n, of the last are not read.
    """
    return along(_irfft, as_complex(x), n, axis, norm, mirrored=True)


def hfft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The `fft` of numbers whose second half mirrors the first, which alone is given.

    The result is n real numbers, by default 2 (m - 1) of m points.
    """
    return along(_hfft, as_complex(x), n, axis, norm, mirrored=True)


def ihfft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
    """The inverse of `hfft`: of n real numbers, n // 2 + 1 complex ones.

    Raises TypeError for complex numbers; otherwise as `fft`.
    """
    return along(_ihfft, as_real("ihfft", x), n, axis, norm)


def fftn(
    x: Tensor,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> Tensor:
    """`fft` along each of `axes`, with `s` points; along all of them unless told otherwise.

    With `s` alone, along the last `len(s)`. Raises ValueError if `s` and `axes` differ in length or
    an axis is named twice; otherwise as `fft`.
    """
    return over_axes(fft, as_complex(x), steps("fftn", x, s, axes), norm)


def ifftn(
    x: Tensor,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> Tensor:
    """The inverse of `fftn`."""
    return over_axes(ifft, as_complex(x), steps("ifftn", x, s, axes), norm)


def rfftn(
    x: Tensor,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> Tensor:
    """`rfft` along the last of `axes`, then `fft` along the others; see `fftn`."""
    *others, (n, axis) = at_least_one("rfftn", steps("rfftn", x, s, axes))
    return over_axes(fft, rfft(x, n=n, axis=axis, norm=norm), others, norm)


def irfftn(
    x: Tensor,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> Tensor:
    """The inverse of `rfftn`; `s` is the shape of the real result."""
    *others, (n, axis) = at_least_one("irfftn", steps("irfftn", x, s, axes))
    return irfft(over_axes(ifft, as_complex(x), others, norm), n=n, axis=axis, norm=norm)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the n points of `fft`, for samples `d` apart: 0, 1, ..., -1 over n d."""
    return frequencies("fftfreq", n, d, dtype, device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the n // 2 + 1 points of `rfft`, for samples `d` apart."""
    return frequencies("rfftfreq", n, d, dtype, device)


def fftshift(x: Tensor, /, *, axes: int | Sequence[int] | None = None) -> Tensor:
    """x with the frequency 0 moved to the middle of `axes` (every axis for None)."""
    return shifted("fftshift", x, axes, 1)


def ifftshift(x: Tensor, /, *, axes: int | Sequence[int] | None = None) -> Tensor:
    """The inverse of `fftshift`."""
    return shifted("ifftshift", x, axes, -1)


def along(
    transform: Primitive, x: Tensor, n: int | None, axis: int, norm: str, mirrored: bool = False
) -> Tensor:
    """A transform of one axis, its arguments checked and made explicit."""
    name = transform.name
    axis = axis_of(name, axis, x.ndim)
    if norm not in NORMS:
        raise ValueError(f"{name}: norm is {norm!r}, expected one of {NORMS}")
    size = x.shape[axis]
    points = n if n is not None else 2 * (size - 1) if mirrored else size
    if points < 1:
        given = "" if n is not None else f" for axis {axis} of {x.shape}"
        raise ValueError(f"{name}: n is {points}{given}, expected at least 1 point")
    if size == 0:  # NumPy's irfft of no points returns memory that nobody has written to
        x = resized(namespace, x, 1, axis)
    return transform(x, n=points, axis=axis, norm=norm)


Steps = list[tuple[int | None, int]]


def steps(name: str, x: Tensor, s: Sequence[int] | None, axes: Sequence[int] | None) -> Steps:
    """How many points along which axis, in the order of `axes`."""
    if axes is None:
        axes = range(x.ndim) if s is None else range(-len(s), 0)
    places = [axis_of(name, a, x.ndim) for a in axes]
    if len(set(places)) != len(places):
        raise ValueError(f"{name}: axes {tuple(axes)} of {x.shape} name an axis twice")
    if s is not None and len(s) != len(places):
        raise ValueError(f"{name}: s {tuple(s)} and axes {tuple(axes)} differ in length")
    points: Sequence[int | None] = [None] * len(places) if s is None else s
    return list(zip(points, places, strict=True))


def at_least_one(name: str, steps: Steps) -> Steps:
    if not steps:
        raise ValueError(f"{name}: expected at least one axis")
    return steps


def over_axes(one: Callable[..., Tensor], x: Tensor, steps: Steps, norm: str) -> Tensor:
    """A one-dimensional transform along several axes, the last one first."""
    for n, axis in reversed(steps):
        x = one(x, n=n, axis=axis, norm=norm)
    return x


def as_complex(x: Tensor) -> Tensor:
    """x as complex numbers of its precision; integers in that of the default dtype."""
    x = as_floating(x)
    if x.dtype.kind == "c":
        return x
    return namespace.astype(x, numpy.result_type(x.dtype, numpy.complex64))


def as_real(name: str, x: Tensor) -> Tensor:
    if x.dtype.kind == "c":
        raise TypeError(
            f"{name}: takes real numbers, got {x.dtype}; use {name[:-4]}fft, or mg.real(x)"
        )
    return as_floating(x)


def frequencies(name: str, n: int, d: float, dtype: Any, device: Any) -> Tensor:
    if n < 1:
        raise ValueError(f"{name}: n is {n}, expected at least 1 point")
    dtype = numpy.dtype(default_float() if dtype is None else dtype)
    if dtype.kind != "f":
        raise TypeError(f"{name}: dtype is {dtype}, expected a real floating one")
    return namespace.tensor(getattr(numpy.fft, name)(n, d), dtype=dtype, device=device)


def shifted(name: str, x: Tensor, axes: int | Sequence[int] | None, way: int) -> Tensor:
    if axes is None:
        axes = range(x.ndim)
    places = [axis_of(name, a, x.ndim) for a in ([axes] if isinstance(axes, int) else axes)]
    if not places:
        return x
    shifts = tuple(way * (x.shape[a] // 2) for a in places)
    return namespace.roll(x, shifts, axis=tuple(places))
