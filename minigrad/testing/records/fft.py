"""Records of Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import OpRecord, named
from ..strategies.calls import one_array

__all__ = ["composed", "records"]

line = Domain(-2, 2)
plane = Domain(-2, 2, kind="c")
norms = st.sampled_from(["backward", "ortho", "forward"])
Shape = tuple[int, ...]


def one_transform(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    """An axis, its own number of points or fewer or more, and a scale."""
    return {
        "axis": draw(st.integers(-len(shape), len(shape) - 1)),
        "n": draw(st.none() | st.integers(1, 6)),
        "norm": draw(norms),
    }


def of_half(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    """The same for half a spectrum, of which one point alone does not say how long it was."""
    params = one_transform(draw, shape)
    if shape[params["axis"]] == 1 and params["n"] is None:
        params["n"] = draw(st.integers(1, 6))
    return params


def several(half: bool) -> Callable[[st.DrawFn, Shape], dict[str, Any]]:
    def params(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
        axes = draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1))
        axes = [a - len(shape) * draw(st.booleans()) for a in axes]
        sized = draw(st.booleans()) or (half and shape[axes[-1]] == 1)
        s = tuple(draw(st.integers(1, 4)) for _ in axes) if sized else None
        return {"axes": tuple(axes), "s": s, "norm": draw(norms)}

    return params


def some_axes(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    axes = draw(st.none() | st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1))
    return {"axes": axes if axes is None else tuple(axes)}


def numpys(name: str) -> Callable[..., Any]:
    """NumPy's transform; of an axis without points as of zeros: its irfft leaves them unwritten."""

    def reference(x: Any, **params: Any) -> Any:
        if params.get("n") or params.get("s"):
            axes = params["axes"] if "axes" in params else (params["axis"],)
            empty = {a % x.ndim for a in axes if x.shape[a] == 0}
            x = np.pad(x, [(0, int(a in empty)) for a in range(x.ndim)])
        return getattr(np.fft, name)(x, **params)

    return reference


def torch_one(name: str) -> Callable[..., Any]:
    return lambda t, x, axis, n, norm: getattr(t.fft, name)(x, n=n, dim=axis, norm=norm)


def torch_several(name: str) -> Callable[..., Any]:
    return lambda t, x, axes, s, norm: getattr(t.fft, name)(x, s=s, dim=axes, norm=norm)


def torch_shift(name: str) -> Callable[..., Any]:
    return lambda t, x, axes: getattr(t.fft, name)(x, dim=axes)


def transform(name: str, domain: Domain, params: Any = one_transform, label: str = "") -> OpRecord:
    """The row of a transform of one axis."""
    call = getattr(mg.fft, name)
    return OpRecord(
        label or name, None if label else named(name), call,
        one_array(domain, params, min_dims=1), numpys(name), torch_one(name), sums=True,
        errors=(
            ErrorCase(lambda device: call(mg.ones((2, 3), device=device), axis=2), ValueError,
                f"^{name}: axis 2 is out of bounds for 2 dimensions"),
            ErrorCase(lambda device: call(mg.ones((2, 3), device=device), n=0), ValueError,
                f"^{name}: n is 0, expected at least 1 point"),
            ErrorCase(lambda device: call(mg.ones((2, 3), device=device), norm="unitary"),
                ValueError,
                f"^{name}: norm is 'unitary', expected one of"),
            ErrorCase(lambda device: call(mg.ones((2, 0), device=device)), ValueError,
                rf"^{name}: n is -?\d for axis 1 of \(2, 0\), expected at least 1 point"),
        ),
    )  # fmt: skip


def transform_of_several(name: str, domain: Domain) -> OpRecord:
    return OpRecord(
        name, None, getattr(mg.fft, name),
        one_array(domain, several(name == "irfftn"), min_dims=1),
        numpys(name), torch_several(name), sums=True,
    )  # fmt: skip


def shift(name: str) -> OpRecord:
    return OpRecord(
        name, None, getattr(mg.fft, name), one_array(plane, some_axes, min_dims=1),
        getattr(np.fft, name), torch_shift(name),
    )  # fmt: skip


records = [
    transform("fft", plane),
    transform("ifft", plane),
    transform("rfft", line),
    transform("irfft", plane, of_half),
    transform("hfft", plane, of_half),
    transform("ihfft", line),
]

composed = [
    transform("fft", line, label="fft of real numbers"),
    transform("irfft", line, of_half, label="irfft of real numbers"),
    transform_of_several("fftn", plane),
    transform_of_several("ifftn", plane),
    transform_of_several("rfftn", line),
    transform_of_several("irfftn", plane),
    shift("fftshift"),
    shift("ifftshift"),
]
