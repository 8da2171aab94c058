"""Rows of the primitive table for the primitives of minigrad.nn.functional."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.nn import functional as F
from tests.primitives.draw import arrays, one_array, unary
from tests.primitives.row import Bad, Case, Row, Sides, named
from tests.support.arrays import Domain, seeds, shapes

__all__ = ["rows"]

distinct = Domain(distinct=True)


def leaky_reference(x: Any, a: float) -> Any:
    return np.where(x > 0, x, a * x)


def gelu_reference(x: Any) -> Any:
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def ndtr_reference(x: Any) -> Any:
    return np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2, otypes=[float])(x)


@st.composite
def affine_maps(draw: st.DrawFn, sides: Sides) -> Case:
    (inputs,), (outputs,) = draw(shapes(1, 1, sides)), draw(shapes(1, 1, sides))
    found = [(*draw(shapes(0, 2, sides)), inputs), (outputs, inputs)]
    found += [(outputs,)] if draw(st.booleans()) else []
    return Case(arrays((Domain(),) * len(found), found, draw(seeds)), {})


def linear_reference(x: Any, weight: Any, bias: Any = 0.0) -> Any:
    return x @ weight.T + bias


@st.composite
def pools(draw: st.DrawFn, sides: Sides) -> Case:
    pairs = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))
    shape, strides, dilation = draw(pairs(1, 3)), draw(pairs(1, 3)), draw(pairs(1, 2))
    size = [d * (n - 1) + 1 + draw(st.integers(0, 2)) for n, d in zip(shape, dilation, strict=True)]
    x = arrays((distinct,), [(*draw(shapes(1, 1, sides)), *size)], draw(seeds))
    return Case(x, {"shape": shape, "strides": strides, "dilation": dilation})


def max_pool_reference(x: Any, shape: Any, strides: Any, dilation: Any) -> Any:
    spans = tuple(d * (n - 1) + 1 for n, d in zip(shape, dilation, strict=True))
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, axis=(-2, -1))
    seen = seen[..., :: strides[0], :: strides[1], :, :]
    return seen[..., :: dilation[0], :: dilation[1]].max(axis=(-2, -1))


@st.composite
def samples(draw: st.DrawFn, sides: Sides) -> Case:
    shape = (*draw(shapes(0, 2, sides)), draw(st.integers(2, 4)))
    axis = tuple(range(len(shape) - 1 if draw(st.booleans()) else 0, len(shape)))
    x = arrays((distinct,), [shape], draw(seeds))
    return Case(x, {"axis": axis, "eps": draw(st.sampled_from([0.1, 0.01]))})


def standardize_reference(x: Any, axis: Any, eps: float) -> Any:
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)


@st.composite
def predictions(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(0, 3, sides))
    # The mean of nothing is NaN: nothing for a table of derivatives.
    kinds = ["mean", "sum", "none"] if math.prod(shape) else ["sum", "none"]
    found = arrays((Domain(), Domain()), [shape, shape], draw(seeds))
    return Case(found, {"reduction": draw(st.sampled_from(kinds))})


def squared_error_reference(x: Any, target: Any, reduction: str) -> Any:
    reduce = {"mean": np.mean, "sum": np.sum, "none": np.asarray}
    return reduce[reduction]((x - target) ** 2)


def refused(call: Callable[[Any], Any], message: str) -> tuple[Bad, ...]:
    """A call on a device that has to fail with a ValueError."""
    return (Bad(call, ValueError, message),)


def ones(shape: tuple[int, ...], device: Any) -> mg.Tensor:
    return mg.ones(shape, device=device)


linear, max_pool, standardize = named("linear"), named("max_pool"), named("standardize")
squared_error = named("squared_error")

rows = [
    unary(named("ndtr"), numpy=ndtr_reference, torch="special.ndtr"),
    unary(named("gelu_tanh"), numpy=gelu_reference,
          torch=lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    Row("leaky_relu", named("leaky_relu"), named("leaky_relu"),
        one_array(Domain(away=(0.0,)), lambda draw, shape: {"a": draw(st.floats(-1, 1))}),
        leaky_reference, lambda t, x, a: t.nn.functional.leaky_relu(x, a),
        kinks="the slope of the negative side at 0",
        bad=(Bad(lambda device: F.leaky_relu([1.0]), TypeError, "leaky_relu: input 0 is a list"),)),
    Row("linear", linear, linear, affine_maps, linear_reference, "nn.functional.linear", sums=True,
        bad=refused(lambda device: F.linear(ones((2, 3), device), ones((2, 2), device)),
                    r"linear: input \(2, 3\) with weight \(2, 2\): the last axis must be")),
    Row("max_pool", max_pool, lambda x, **params: max_pool(x, **params)[0], pools,
        max_pool_reference,
        lambda t, x, shape, strides, dilation: t.nn.functional.max_pool2d(
            x, shape, strides, 0, dilation),
        kinks="the first of equals", ties=True,
        bad=refused(lambda device: F.max_pool1d(ones((1, 3), device), 4),
                    "max_pool1d: a window of 4 does not fit into the padded input of 3")),
    Row("standardize", standardize, lambda x, **params: standardize(x, **params)[0], samples,
        standardize_reference,
        lambda t, x, axis, eps: t.nn.functional.layer_norm(
            x, [x.shape[a] for a in axis], eps=eps), sums=True,
        bad=refused(lambda device: F.layer_norm(ones((2, 3), device), 2),
                    r"layer_norm: input \(2, 3\) does not end in \(2,\)")),
    Row("squared_error", squared_error, squared_error, predictions, squared_error_reference,
        "nn.functional.mse_loss", sums=True,
        bad=refused(lambda device: F.mse_loss(ones((2, 1), device), ones((2,), device)),
                    r"mse_loss: input \(2, 1\) and target \(2,\) differ in shape")),
]  # fmt: skip
