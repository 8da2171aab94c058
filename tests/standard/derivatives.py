"""Which derivatives does a function of the standard have? Found out by asking for them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import minigrad as mg

from .entry import Call, DType, Entry, flat
from .reference import namespace_of

__all__ = ["Derivatives", "derivatives_of", "independent"]

independent = {"empty_like", "full_like", "ones_like", "zeros_like"}
"""Functions whose floating result does not depend on the values that they are given."""


class Derivatives(NamedTuple):
    """`yes`, `0`, `none` (nothing that could depend on the input), `error`; or `missing`."""

    first: str
    second: str


def derivatives_of(entry: Entry, device: Any = "cpu", draws: int = 4) -> Derivatives:
    """What comes of asking for the first and second derivative of drawn calls."""
    if not hasattr(namespace_of(entry.place, mg), entry.name):
        return Derivatives("missing", "missing")
    wanted = [dtype for dtype in ("float64", "complex128") if dtype in entry.dtypes]
    if not wanted:
        return Derivatives("none", "none")
    found = [
        answers(entry, entry.make(np.random.default_rng(seed), (2, 3), wanted[0]), device)
        for seed in range(draws)
    ]
    return Derivatives(*(together([pair[i] for pair in found]) for i in (0, 1)))


def together(found: list[str]) -> str:
    """The answer for a function: a draw may happen to have a derivative of 0.

    Or none, as the vectors that complete a basis, which a mode of qr and svd asks for.
    """
    return next(answer for answer in ("yes", "error", "0", "none") if answer in found)


def answers(entry: Entry, found: Call, device: Any) -> tuple[str, str]:
    """The answers for one call."""
    leaves: list[mg.Tensor] = []

    def convert(x: Any) -> Any:
        if isinstance(x, DType):
            return np.dtype(x)
        if not isinstance(x, np.ndarray):
            return x
        x = mg.tensor(x, device=device, requires_grad=x.dtype.kind in "fc")
        leaves.extend([x] if x.requires_grad else [])
        return x

    results = entry.called(mg, found.mapped(convert))
    outputs = [y for y in flat(results) if isinstance(y, mg.Tensor) and y.requires_grad]
    if not outputs:
        return "none", "none"
    first, gradients = ask(outputs, leaves)
    if first != "yes":
        return first, first
    return first, ask([g for g in gradients if g.requires_grad], leaves)[0].replace("0", "yes")


def ask(outputs: list[Any], leaves: list[Any]) -> tuple[str, list[Any]]:
    """`yes`, `0` or `error` for a derivative under random cotangents, and the gradients."""
    rng = np.random.default_rng(0)
    cotangents = [
        mg.asarray(np.asarray(rng.uniform(1, 2, y.shape), dtype=y.dtype), device=y.device)
        for y in outputs
    ]
    try:
        gradients = mg.autograd.grad(
            outputs, leaves, cotangents, create_graph=True, allow_unused=True
        )
    except TypeError as error:
        if "has no derivative" not in str(error):
            raise
        return "error", []
    known = [g for g in gradients if g is not None]
    nonzero = any(bool(mg.any(g != 0)) for g in known)
    return ("yes" if nonzero else "0"), known
