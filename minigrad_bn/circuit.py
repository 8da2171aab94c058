"""The textbook circuit of batch norm: nine nodes, the forward and the backward of each in sight.

    x ─┬────────► centre ─┬────────────────────────────────► normalise ─► scale ─► shift ─► out
       └─► mean ────┘     └─► square ─► mean ─► std ─► invert ────┘         │        │
                                                                          gamma     beta

A backward takes the gradient of its node's output to those of its inputs. Where a value goes to two
nodes, as x and centred do, two gradients come back to it, and are added. Nothing is fused or
simplified: this is the implementation to read, and the one to hold the fast one against.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "mean_forward",
    "mean_backward",
    "centre_forward",
    "centre_backward",
    "square_forward",
    "square_backward",
    "std_forward",
    "std_backward",
    "invert_forward",
    "invert_backward",
    "normalise_forward",
    "normalise_backward",
    "scale_forward",
    "scale_backward",
    "shift_forward",
    "shift_backward",
]


def mean_forward(xp: Any, x: Any) -> Any:
    """The mean of each column: (N, D) to (D,)."""
    return xp.sum(x, axis=0) / x.shape[0]


def mean_backward(xp: Any, dmean: Any, x: Any) -> Any:
    """Every element has a share of 1/N in its column's mean."""
    return xp.broadcast_to(dmean / x.shape[0], x.shape)


def centre_forward(xp: Any, x: Any, mean: Any) -> Any:
    """What is left of x without its mean."""
    return x - mean


def centre_backward(xp: Any, dcentred: Any) -> tuple[Any, Any]:
    """x passes the gradient on; the mean was taken from every row, so it gets minus their sum."""
    return dcentred, -xp.sum(dcentred, axis=0)


def square_forward(xp: Any, centred: Any) -> Any:
    """The squares, whose mean is the variance."""
    return centred * centred


def square_backward(xp: Any, dsquared: Any, centred: Any) -> Any:
    """The derivative of c^2 is 2 c."""
    return dsquared * 2 * centred


def std_forward(xp: Any, var: Any, eps: float) -> Any:
    """The standard deviation, kept from 0 by eps, which stands under the root."""
    return xp.sqrt(var + eps)


def std_backward(xp: Any, dstd: Any, std: Any) -> Any:
    """The derivative of a root is 1 / (2 root)."""
    return dstd / (2 * std)


def invert_forward(xp: Any, std: Any) -> Any:
    """Its reciprocal: from here on nothing divides."""
    return 1 / std


def invert_backward(xp: Any, dinv_std: Any, inv_std: Any) -> Any:
    """The derivative of 1/s is -1/s^2."""
    return -dinv_std * inv_std * inv_std


def normalise_forward(xp: Any, centred: Any, inv_std: Any) -> Any:
    """x_hat: mean 0, and variance 1 but for eps."""
    return centred * inv_std


def normalise_backward(xp: Any, dx_hat: Any, centred: Any, inv_std: Any) -> tuple[Any, Any]:
    """A product: each factor gets the gradient times the other, inv_std of all rows."""
    return dx_hat * inv_std, xp.sum(dx_hat * centred, axis=0)


def scale_forward(xp: Any, x_hat: Any, gamma: Any) -> Any:
    """Each column times its gamma."""
    return x_hat * gamma


def scale_backward(xp: Any, dscaled: Any, x_hat: Any, gamma: Any) -> tuple[Any, Any]:
    """A product, as in normalise."""
    return dscaled * gamma, xp.sum(dscaled * x_hat, axis=0)


def shift_forward(xp: Any, scaled: Any, beta: Any) -> Any:
    """Each column plus its beta."""
    return scaled + beta


def shift_backward(xp: Any, dout: Any) -> tuple[Any, Any]:
    """A sum passes the gradient on; beta was added to every row, so it gets their sum."""
    return dout, xp.sum(dout, axis=0)
