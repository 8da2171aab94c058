"""Records of convolution and of the two maps that it is differentiated by."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.nn import functional as F
from minigrad.ops.convolution import convolution, convolution_input, convolution_weight

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import Case, OpRecord, Sides
from ..strategies.arrays import seeds
from ..strategies.calls import inputs_from
from .windows import torch_windows, windows_reference

__all__ = ["composed", "records"]

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


class Problem:
    """Shapes that fit together: of the input, the weight and the output, and how windows lie."""

    def __init__(self, draw: st.DrawFn, sides: Sides) -> None:
        k = draw(st.integers(1, 2))
        several = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(k))
        samples, groups = draw(st.sampled_from(sides)), draw(st.integers(1, 3))
        # Channels of a group: one on either side is a depthwise convolution.
        inputs, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 2))
        kernel, strides, dilation = several(1, 3), several(1, 3), several(1, 2)
        padding = tuple(zip(several(0, 2), several(0, 2), strict=True))
        spans = [d * (n - 1) + 1 for n, d in zip(kernel, dilation, strict=True)]
        size = tuple(
            max(1, span - before - after) + draw(st.integers(0, 3))
            for span, (before, after) in zip(spans, padding, strict=True)
        )
        counts = tuple(
            (n + sum(around) - span) // s + 1
            for n, around, span, s in zip(size, padding, spans, strides, strict=True)
        )
        self.x = (samples, groups * inputs, *size)
        self.weight = (groups * outputs, inputs, *kernel)
        self.bias = (groups * outputs,)
        self.y = (samples, groups * outputs, *counts)
        self.params = {
            "strides": strides, "padding": padding, "dilation": dilation, "groups": groups
        }  # fmt: skip


def domains(n: int, kind: str) -> tuple[Domain, ...]:
    return (Domain(kind=kind),) * n


@st.composite
def convolutions(draw: st.DrawFn, sides: Sides, kind: str = "f") -> Case:
    p = Problem(draw, sides)
    found = [p.x, p.weight, p.bias][: draw(st.integers(2, 3))]
    return Case(inputs_from(domains(len(found), kind), found, draw(seeds)), p.params)


@st.composite
def by_input(draw: st.DrawFn, sides: Sides, kind: str = "f") -> Case:
    p = Problem(draw, sides)
    found = inputs_from(domains(2, kind), [p.y, p.weight], draw(seeds))
    return Case(found, {"size": p.x[2:], **p.params})


@st.composite
def by_weight(draw: st.DrawFn, sides: Sides, kind: str = "f") -> Case:
    p = Problem(draw, sides)
    found = inputs_from(domains(2, kind), [p.x, p.y], draw(seeds))
    return Case(found, {"kernel": p.weight[2:], **p.params})


def equation(k: int, pattern: str) -> str:
    """An einsum over n samples, groups, channels, outputs, positions xy and places ij."""
    return pattern.replace("XY", "xy"[:k]).replace("IJ", "ij"[:k])


def in_groups(a: Any, groups: int, axis: int) -> Any:
    """a with its axis of channels as two: the groups, and the channels of each."""
    return a.reshape(*a.shape[:axis], groups, a.shape[axis] // groups, *a.shape[axis + 1 :])


def around(padding: Pairs) -> Pairs:
    return ((0, 0), (0, 0), *padding)


def convolution_reference(
    x: Any, w: Any, bias: Any = None, *, strides: Shape, padding: Pairs, dilation: Shape,
    groups: int,
) -> Any:  # fmt: skip
    """Every sum of products, by einsum."""
    seen = windows_reference(np.pad(x, around(padding)), w.shape[2:], strides, dilation)
    pattern = equation(len(strides), "ngcXYIJ,gocIJ->ngoXY")
    y = np.einsum(pattern, in_groups(seen, groups, 1), in_groups(w, groups, 0))
    y = y.reshape(x.shape[0], w.shape[0], *y.shape[3:])
    return y if bias is None else y + bias.reshape(-1, *(1,) * len(strides))


def input_reference(
    g: Any, w: Any, *, size: Shape, strides: Shape, padding: Pairs, dilation: Shape, groups: int
) -> Any:
    """Place by place of the kernel: what it adds to each element that it stands on."""
    k, (samples, _, *counts) = len(size), g.shape
    full = tuple(a + n + b for n, (a, b) in zip(size, padding, strict=True))
    total = np.zeros((samples, groups * w.shape[1], *full), g.dtype)
    for place in np.ndindex(*w.shape[2:]):
        seen = tuple(
            slice(i * d, i * d + s * (n - 1) + 1, s)
            for i, d, s, n in zip(place, dilation, strides, counts, strict=True)
        )
        weights = in_groups(w, groups, 0)[(..., *place)]
        part = np.einsum(equation(k, "ngoXY,goc->ngcXY"), in_groups(g, groups, 1), weights)
        total[(..., *seen)] += part.reshape(total[(..., *seen)].shape)
    return total[(..., *(slice(a, a + n) for n, (a, _) in zip(size, padding, strict=True)))]


def weight_reference(
    x: Any, g: Any, *, kernel: Shape, strides: Shape, padding: Pairs, dilation: Shape, groups: int
) -> Any:
    seen = windows_reference(np.pad(x, around(padding)), kernel, strides, dilation)
    pattern = equation(len(kernel), "ngcXYIJ,ngoXY->gocIJ")
    w = np.einsum(pattern, in_groups(seen, groups, 1), in_groups(g, groups, 1))
    return w.reshape(g.shape[1], x.shape[1] // groups, *kernel)


def torch_padded(t: Any, x: Any, padding: Pairs) -> Any:
    return t.nn.functional.pad(x, [n for pair in reversed(padding) for n in pair])


def torch_convolution(t: Any, x: Any, w: Any, bias: Any = None, **params: Any) -> Any:
    """With its padding done beforehand: that of PyTorch's function is the same on both sides."""
    strides, padding, dilation, groups = params.values()
    function = getattr(t.nn.functional, f"conv{len(strides)}d")
    return function(torch_padded(t, x, padding), w, bias, strides, 0, dilation, groups)


def torch_input(t: Any, g: Any, w: Any, *, size: Shape, padding: Pairs, **params: Any) -> Any:
    """A transposed convolution, with zeros behind what no window saw, cut out of its padding."""
    strides, dilation, groups = params.values()
    k = len(size)
    function = getattr(t.nn.functional, f"conv_transpose{k}d")
    y = function(g, w, None, strides, 0, 0, groups, dilation)
    full = [a + n + b for n, (a, b) in zip(size, padding, strict=True)]
    y = torch_padded(t, y, tuple((0, n - m) for n, m in zip(full, y.shape[2:], strict=True)))
    return y[(..., *(slice(a, a + n) for n, (a, _) in zip(size, padding, strict=True)))]


def torch_weight(t: Any, x: Any, g: Any, *, kernel: Shape, padding: Pairs, **params: Any) -> Any:
    strides, dilation, groups = params.values()
    seen = torch_windows(
        t, torch_padded(t, x, padding), shape=kernel, strides=strides, dilation=dilation
    )
    pattern = equation(len(kernel), "ngcXYIJ,ngoXY->gocIJ")
    w = t.einsum(pattern, in_groups(seen, groups, 1), in_groups(g, groups, 1))
    return w.reshape(g.shape[1], x.shape[1] // groups, *kernel)


def ones(*shape: int, device: Any) -> mg.Tensor:
    return mg.ones(shape, device=device)


records = [
    OpRecord("convolution", convolution, convolution, convolutions, convolution_reference,
        torch_convolution, sums=True,
        errors=(ErrorCase(lambda device: F.conv2d(ones(1, 2, 3, 3, device=device),
                                                  ones(1, 1, 3, 3, device=device)),
                 ValueError, "conv2d: input .* has 2 channels, .* expects 1"),
             ErrorCase(lambda device: F.conv1d(ones(2, 3, device=device),
                                               ones(1, 2, 4, device=device)),
                 ValueError, r"conv1d: a window of \(4,\) does not fit"))),
    OpRecord("convolution_input", convolution_input, convolution_input, by_input, input_reference,
        torch_input, sums=True,
        errors=(ErrorCase(lambda device: F.conv_transpose2d(ones(1, 2, 3, 3, device=device),
                                                            ones(1, 1, 3, 3, device=device)),
                 ValueError, "conv_transpose2d: input .* has 2 channels, .* expects 1"),)),
    OpRecord("convolution_weight", convolution_weight, convolution_weight, by_weight,
        weight_reference, torch_weight, sums=True,
        errors=(ErrorCase(lambda device: convolution_weight([1.0], ones(1, 1, 1, device=device)),
                 TypeError, "convolution_weight: input 0 is a list"),)),
]  # fmt: skip

composed = [
    OpRecord(f"complex {record.name}", None, record.call, partial(cases, kind="c"),
        record.reference, record.oracle, sums=True)
    for record, cases in zip(records, (convolutions, by_input, by_weight), strict=True)
]  # fmt: skip
"""The same with complex numbers."""
