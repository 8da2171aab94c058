"""SciPy's Fourier transforms, and signal processing by way of them."""

from __future__ import annotations

from typing import Any

from scipy import fft, signal

from .row import Neighbour, array_namespace, positive, real

__all__ = ["rows"]


def parts(z: Any) -> Any:
    """A complex result as real numbers."""
    xp = array_namespace(z)
    return xp.stack([xp.real(z), xp.imag(z)])


def forward(name: str) -> Neighbour:
    """A transform of real input to complex output."""
    transform = getattr(fft, name)
    return Neighbour(f"scipy.fft.{name}", lambda x: parts(transform(x)), (real(3, 4),))


def back(name: str, there: Any) -> Neighbour:
    """A transform of complex input, which is the product of two transforms `there`."""
    transform = getattr(fft, name)
    call = lambda x, y: transform(there(x) * there(y))
    complex_output = name in ("ifft", "ifft2", "ifftn")
    whole = (lambda x, y: parts(call(x, y))) if complex_output else call
    return Neighbour(f"scipy.fft.{name}", whole, (real(3, 4), real(3, 4)))


rows = [
    *map(forward, ["fft", "fft2", "fftn", "rfft", "rfft2", "rfftn", "ihfft"]),
    back("ifft", fft.fft),
    back("ifft2", fft.fft2),
    back("ifftn", fft.fftn),
    back("irfft", fft.rfft),
    back("irfft2", fft.rfft2),
    back("irfftn", fft.rfftn),
    back("hfft", fft.ihfft),
    Neighbour("scipy.fft.fftshift", fft.fftshift, (real(),)),
    Neighbour("scipy.signal.fftconvolve", signal.fftconvolve, (real(), real(3))),
    Neighbour("scipy.signal.oaconvolve", signal.oaconvolve, (real(), real(3))),
    Neighbour("scipy.signal.convolve", lambda x, y: signal.convolve(x, y, method="fft"),
              (real(), real(3))),
    Neighbour("scipy.signal.correlate", lambda x, y: signal.correlate(x, y, method="fft"),
              (real(), real(3))),
    Neighbour("scipy.signal.hilbert", lambda x: parts(signal.hilbert(x)), (real(),)),
    Neighbour("scipy.signal.envelope", signal.envelope, (positive(8),)),
    Neighbour("scipy.signal.freqz", lambda b: parts(signal.freqz(b, worN=8)[1])),
    Neighbour("scipy.signal.resample", lambda x: signal.resample(x, 9), (real(),)),
    Neighbour("scipy.signal.vectorstrength", lambda x: signal.vectorstrength(x, 2.0)[0]),
]  # fmt: skip
