"""One convolution 3x3, padding 1: forward, and the gradients of input and weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from minigrad.bench import Candidate, Case, Library

from .peers import peers_at

__all__ = ["REFERENCES", "cases"]

REFERENCES = ("PyTorch",)


class Size(NamedTuple):
    """Images, channels in and out, and the side of an image."""

    batch: int
    channels: int
    filters: int
    side: int

    def __str__(self) -> str:
        return f"({self.batch}, {self.channels}→{self.filters}, {self.side}, {self.side})"


SIZES = (Size(64, 16, 32, 14), Size(32, 64, 64, 28), Size(128, 32, 64, 8))
SMALL = (Size(2, 3, 2, 5),)


def problem(size: Size) -> list[Any]:
    """Input, weight, and gradient of the output."""
    rng = np.random.default_rng(0)
    image = (size.side, size.side)
    shapes = (size.batch, size.channels), (size.filters, size.channels), (size.batch, size.filters)
    areas = image, (3, 3), image
    return [rng.standard_normal((*s, *a), "float32") for s, a in zip(shapes, areas, strict=True)]


def convolution(library: Library, arrays: list[Any]) -> Candidate:
    """Returns output and both gradients."""
    x, weight = (library.tensor(a, requires_grad=True) for a in arrays[:2])
    g = library.tensor(arrays[2])
    conv2d = library.nn.functional.conv2d

    def call() -> tuple[Any, ...]:
        x.grad = weight.grad = None
        y = conv2d(x, weight, padding=1)
        y.backward(g)
        return y, x.grad, weight.grad

    return call


def small_products(x: Any, weight: Any, g: Any) -> Candidate:
    """NumPy by hand, as it is often written: of nine views of the input, nine small products."""
    side = x.shape[-1]
    taps = [(i, j) for i in range(3) for j in range(3)]
    pads = ((0, 0), (0, 0), (1, 1), (1, 1))

    def window(a: Any, i: int, j: int) -> Any:
        return a[:, :, i : i + side, j : j + side]

    def flat(a: Any) -> Any:
        return a.reshape(*a.shape[:2], -1)

    def call() -> tuple[Any, ...]:
        padded, g_flat = np.pad(x, pads), flat(g)
        y, g_x, g_weight = np.zeros_like(g), np.zeros_like(padded), np.empty_like(weight)
        for i, j in taps:
            part, w = flat(window(padded, i, j)), weight[:, :, i, j]
            y += (w @ part).reshape(y.shape)
            g_weight[:, :, i, j] = (g_flat @ part.transpose(0, 2, 1)).sum(0)
            window(g_x, i, j)[...] += (w.T @ g_flat).reshape(x.shape)
        return y, g_x[:, :, 1:-1, 1:-1], g_weight

    return call


def cases(libraries: list[Library], tiny: bool, left_out: dict[str, str]) -> Iterator[Case]:
    """A case for each size."""
    for size in SMALL if tiny else SIZES:
        arrays = problem(size)
        candidates = {library.name: convolution(library, arrays) for library in libraries}
        candidates["NumPy, batched small products"] = small_products(*arrays)
        peers = peers_at("convolution", *arrays)
        left_out |= peers.left_out
        yield Case(str(size), candidates).beside(peers.candidates)
