"""Convolution, and the two maps that it is differentiated by.

A convolution of x with a weight w, held against a cotangent g, is a number that is linear in each
of the three:

    <g, convolution(x, w)> = <x, convolution_input(g, w)> = <w, convolution_weight(x, g)>

So the gradient by x is `convolution_input`, the transposed convolution, the gradient by w is
`convolution_weight`, and theirs are the same three again: there is nothing else to differentiate,
at any order. The names are those of `torch.nn.grad`.

Each is defined by windows of the input, unrolled as columns of a matrix, and one matrix product
(Chellapilla, Puri and Simard 2006, "High performance convolutional neural networks for document
processing"). The columns are made anew where they are needed: they are as many times larger than
the input as a kernel has places, and no node keeps them.

Shapes: x (N, C, *size), w (O, C / groups, *kernel), g and the convolution (N, O, *positions).
"""

from __future__ import annotations

import math
from typing import Any

from ..primitive import Primitive, primitive

__all__ = ["convolution", "convolution_input", "convolution_weight"]

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def padded(xp: Any, x: Any, padding: Pairs) -> Any:
    """x with zeros around it."""
    if not any(before or after for before, after in padding):
        return x
    size = x.shape[2:]
    around = tuple(a + n + b for n, (a, b) in zip(size, padding, strict=True))
    inside = tuple(slice(a, a + n) for n, (a, _) in zip(size, padding, strict=True))
    return xp.scatter_add(x, (..., *inside), (*x.shape[:2], *around))


def columns_of(
    xp: Any, x: Any, kernel: Sizes, strides: Sizes, padding: Pairs, dilation: Sizes, groups: int
) -> tuple[Any, Sizes]:
    """What the kernel sees, a column for each position: (groups, C / groups * places, N * ...).

    And how many positions there are along each axis.
    """
    seen = xp.windows(padded(xp, x, padding), kernel, strides, dilation)
    k = len(kernel)
    (samples, channels), counts = seen.shape[:2], seen.shape[2 : 2 + k]
    # Channels and places in front: copied into columns, runs of memory stay runs.
    seen = xp.permute_dims(seen, (1, *range(2 + k, 2 + 2 * k), 0, *range(2, 2 + k)))
    rows = channels // groups * math.prod(kernel)
    return xp.reshape(seen, (groups, rows, samples * math.prod(counts))), counts


def rows_of(xp: Any, g: Any, groups: int) -> Any:
    """A row for each channel: (groups, O / groups, N * positions)."""
    samples, outputs, *counts = g.shape
    rows = xp.permute_dims(g, (1, 0, *range(2, len(g.shape))))
    return xp.reshape(rows, (groups, outputs // groups, samples * math.prod(counts)))


def matrices_of(xp: Any, weight: Any, groups: int) -> Any:
    """The kernels of each group as a matrix: (groups, O / groups, C / groups * places)."""
    outputs, *each = weight.shape
    return xp.reshape(weight, (groups, outputs // groups, math.prod(each)))


def convolution_forward(
    xp: Any,
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    strides: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Any:
    kernel = weight.shape[2:]
    columns, counts = columns_of(xp, x, kernel, strides, padding, dilation, groups)
    y = xp.matmul(matrices_of(xp, weight, groups), columns)
    outputs, samples = weight.shape[0], x.shape[0]
    if bias is not None:
        y = y + xp.reshape(bias, (groups, outputs // groups, 1))
    y = xp.reshape(y, (outputs, samples, *counts))
    return xp.permute_dims(y, (1, 0, *range(2, len(x.shape))))


def convolution_input_forward(
    xp: Any,
    g: Any,
    weight: Any,
    *,
    size: Sizes,
    strides: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Any:
    """What each position received, times the kernel, back where its window stands."""
    (samples, _), counts, kernel = g.shape[:2], g.shape[2:], weight.shape[2:]
    k = len(size)
    columns = xp.matmul(
        xp.matrix_transpose(matrices_of(xp, weight, groups)), rows_of(xp, g, groups)
    )
    columns = xp.reshape(columns, (groups * weight.shape[1], *kernel, samples, *counts))
    seen = xp.permute_dims(columns, (1 + k, 0, *range(2 + k, 2 + 2 * k), *range(1, 1 + k)))
    around = tuple(a + n + b for n, (a, b) in zip(size, padding, strict=True))
    inside = tuple(slice(a, a + n) for n, (a, _) in zip(size, padding, strict=True))
    return xp.getitem(xp.fold(seen, around, strides, dilation), (..., *inside))


def convolution_weight_forward(
    xp: Any,
    x: Any,
    g: Any,
    *,
    kernel: Sizes,
    strides: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Any:
    """What each place of the kernel saw, times what the position received."""
    columns, _ = columns_of(xp, x, kernel, strides, padding, dilation, groups)
    product = xp.matmul(rows_of(xp, g, groups), xp.matrix_transpose(columns))
    return xp.reshape(product, (g.shape[1], x.shape[1] // groups, *kernel))


# fmt: off
convolution: Primitive = primitive(
    "convolution",
    lambda xp, g, y, x, w, b=None, **steps:
        convolution_input.over(xp)(g, w, size=x.shape[2:], **steps),
    lambda xp, g, y, x, w, b=None, **steps:
        convolution_weight.over(xp)(x, g, kernel=w.shape[2:], **steps),
    lambda xp, g, y, x, w, b=None, **steps:
        xp.sum(g, axis=(0, *range(2, len(g.shape)))),
    forward=convolution_forward,
    complex=True,
)
convolution_input: Primitive = primitive(
    "convolution_input",
    lambda xp, u, y, g, w, *, size, **steps:
        convolution.over(xp)(u, w, **steps),
    lambda xp, u, y, g, w, *, size, **steps:
        convolution_weight.over(xp)(u, g, kernel=w.shape[2:], **steps),
    forward=convolution_input_forward,
    complex=True,
)
convolution_weight: Primitive = primitive(
    "convolution_weight",
    lambda xp, u, y, x, g, *, kernel, **steps:
        convolution_input.over(xp)(g, u, size=x.shape[2:], **steps),
    lambda xp, u, y, x, g, *, kernel, **steps:
        convolution.over(xp)(x, u, **steps),
    forward=convolution_weight_forward,
    complex=True,
)
# fmt: on

for function, kernel in (
    (convolution, "convolve"),
    (convolution_input, "convolve_input"),
    (convolution_weight, "convolve_weight"),
):
    for module, library, least in (
        ("convolution", "numpy", 16384),
        ("convolution_compiled", "numba", 4096),
    ):
        at = f"minigrad.kernels.{module}:{kernel}"
        function.array_function().register("numpy", at, library=library, least=least)
