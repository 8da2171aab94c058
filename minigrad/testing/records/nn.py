"""Records of the primitives that nets are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.nn import functional as F
from minigrad.nn.functional.pooling import sum_pool

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import Case, OpRecord, Sides, named
from ..strategies.arrays import seeds, shapes
from ..strategies.calls import inputs_from, one_array
from .kinds import unary
from .windows import strided_windows, torch_windows, windows_reference

__all__ = ["records"]

distinct = Domain(distinct=True)
REDUCTIONS = ["mean", "sum", "none"]
Shape = tuple[int, ...]


def slopes(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    return {"negative_slope": draw(st.sampled_from([0.01, 0.3, -0.5]))}


@st.composite
def predictions(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(0, 3, sides))
    found = inputs_from((Domain(), Domain()), [shape, shape], draw(seeds))
    return Case(found, {"reduction": draw(st.sampled_from(REDUCTIONS))})


@st.composite
def affine(draw: st.DrawFn, sides: Sides) -> Case:
    lead = draw(shapes(0, 2, sides))
    n, m = draw(st.sampled_from(sides)), draw(st.sampled_from(sides))
    found = [(*lead, n), (m, n), (m,)][: draw(st.integers(2, 3))]
    return Case(inputs_from((Domain(),) * len(found), found, draw(seeds)), {})


@st.composite
def features(draw: st.DrawFn, sides: Sides) -> Case:
    sides = [n for n in sides if n != 1]
    shape = draw(shapes(1, 3, sides))
    k = draw(st.integers(1, len(shape)))
    params = {"normalized_shape": shape[-k:], "eps": draw(st.sampled_from([0.2, 1.0]))}
    found = [shape, shape[-k:], shape[-k:]][: draw(st.integers(1, 3))]
    return Case(
        inputs_from((distinct, Domain(), Domain())[: len(found)], found, draw(seeds)), params
    )


@st.composite
def images(draw: st.DrawFn, sides: Sides) -> Case:
    lead = (draw(st.sampled_from(sides)), draw(st.sampled_from([1, 2])))
    kernel, stride, dilation = (
        tuple(draw(st.integers(1, most)) for _ in range(2)) for most in (2, 3, 2)
    )
    size = tuple(
        d * (k - 1) + 1 + draw(st.integers(0, 3)) for k, d in zip(kernel, dilation, strict=True)
    )
    params = {"kernel_size": kernel, "stride": stride, "dilation": dilation}
    return Case(inputs_from((distinct,), [(*lead, *size)], draw(seeds)), params)


@st.composite
def labelled(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(1, 4, sides))
    axis = min(1, len(shape) - 1)
    classes = max(1, shape[axis])
    shape = (*shape[:axis], classes, *shape[axis + 1 :])
    rng = np.random.default_rng(draw(seeds))
    target = rng.integers(0, classes, size=(*shape[:axis], *shape[axis + 1 :]))
    params: dict[str, Any] = {"ignore_index": draw(st.sampled_from([-100, -1, 0, classes - 1]))}
    if draw(st.booleans()):
        target = np.where(rng.random(target.shape) < 0.3, params["ignore_index"], target)
    # A mean of nothing is NaN.
    nothing = bool(np.all(target == params["ignore_index"]))
    params["reduction"] = draw(st.sampled_from(["none", "sum"] if nothing else REDUCTIONS))
    params["label_smoothing"] = draw(st.sampled_from([0.0, 0.1, 1.0]))
    x, weight = inputs_from((Domain(), Domain(0.3, 1.5)), [shape, (classes,)], draw(seeds))
    return Case((x, np.asarray(target), weight)[: draw(st.integers(2, 3))], params)


def gelu_tanh_reference(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def squared_error_reference(x: Any, target: Any, reduction: str) -> Any:
    squares = (x - target) ** 2
    return squares if reduction == "none" else getattr(np, reduction)(squares)


def cross_entropy_reference(
    x: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Any:
    """Row by row, as it is defined."""
    axis = min(1, x.ndim - 1)
    rows, labels = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis]), target.reshape(-1)
    weight = np.ones(x.shape[axis]) if weight is None else weight
    losses, own = np.zeros(labels.size), np.zeros(labels.size)
    for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
        if label != ignore_index:
            surprise = weight * -np.log(np.exp(row) / np.sum(np.exp(row)))
            losses[i] = (1 - label_smoothing) * surprise[label] + label_smoothing * surprise.mean()
            own[i] = weight[label]
    if reduction == "none":
        return losses.reshape(target.shape)
    return np.sum(losses) / (np.sum(own) if reduction == "mean" else 1)


def cross_entropy_in_torch(
    t: Any, x: Any, target: Any, weight: Any = None, *, ignore_index: int, **params: Any
) -> Any:
    """PyTorch's own, but for the derivative by the weight, which it does not have."""
    if weight is None or not weight.requires_grad:
        return t.nn.functional.cross_entropy(x, target, weight, ignore_index=ignore_index, **params)
    axis, smoothing = min(1, x.ndim - 1), params["label_smoothing"]
    counts = target != ignore_index
    labels = t.nn.functional.one_hot(t.where(counts, target, 0), x.shape[axis])
    own = labels.movedim(-1, axis).to(x.dtype)
    asked = ((1 - smoothing) * own + smoothing / x.shape[axis]) * counts.unsqueeze(axis)
    by_class = weight.reshape(-1, *[1] * (x.ndim - axis - 1))
    losses = -(by_class * asked * t.log_softmax(x, axis)).sum(axis)
    if params["reduction"] == "none":
        return losses
    total = (by_class * own * counts.unsqueeze(axis)).sum()
    return losses.sum() / (total if params["reduction"] == "mean" else 1)


def linear_reference(x: Any, weight: Any, bias: Any = 0.0) -> Any:
    return x @ weight.T + bias


def layer_norm_reference(
    x: Any, weight: Any = 1.0, bias: Any = 0.0, *, normalized_shape: Shape, eps: float
) -> Any:
    axes = tuple(range(x.ndim - len(normalized_shape), x.ndim))
    centred = x - np.mean(x, axis=axes, keepdims=True)
    x_hat = centred / np.sqrt(np.mean(centred**2, axis=axes, keepdims=True) + eps)
    return x_hat * weight + bias


def max_pool_reference(x: Any, kernel_size: Shape, stride: Shape, dilation: Shape) -> Any:
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True))
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, axis=(2, 3))
    steps = tuple(slice(None, None, s) for s in (*stride, *dilation))
    return np.max(seen[(..., *steps)], axis=(-2, -1))


@st.composite
def windows_to_sum(draw: st.DrawFn, sides: Sides) -> Case:
    (x,), params = draw(strided_windows(sides))
    del params["dilation"]
    return Case((x,), params)


def sum_pool_reference(x: Any, shape: Shape, strides: Shape) -> Any:
    k = len(shape)
    seen = windows_reference(x, shape, strides, (1,) * k)
    return np.sum(seen, axis=tuple(range(-k, 0)))


def torch_sum_pool(t: Any, x: Any, shape: Shape, strides: Shape) -> Any:
    k = len(shape)
    seen = torch_windows(t, x, shape=shape, strides=strides, dilation=(1,) * k)
    return seen.sum(tuple(range(-k, 0)))


def ones(*shape: int, device: Any) -> mg.Tensor:
    return mg.ones(shape, device=device)


records = [
    unary(named("gelu_tanh"), reference=gelu_tanh_reference,
          oracle=lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    OpRecord("leaky_relu", named("leaky_relu"), F.leaky_relu,
        one_array(Domain(away=(0.0,)), slopes),
        lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
        lambda t, x, negative_slope: t.nn.functional.leaky_relu(x, negative_slope),
        kinks="the negative slope at 0",
        errors=(ErrorCase(lambda device: F.leaky_relu([1.0]), TypeError,
            "leaky_relu: input 0 is a list"),)),
    OpRecord("mse_loss", named("squared_error"), F.mse_loss, predictions, squared_error_reference,
        lambda t, x, target, reduction: t.nn.functional.mse_loss(x, target, reduction=reduction),
        sums=True,
        errors=(ErrorCase(lambda device: F.mse_loss(ones(2, device=device), ones(3, device=device)),
                 ValueError, r"mse_loss: input \(2,\) and target \(3,\) differ in shape"),)),
    OpRecord("cross_entropy", named("cross_entropy"), F.cross_entropy, labelled,
        cross_entropy_reference, cross_entropy_in_torch, sums=True,
        errors=(ErrorCase(lambda device: F.cross_entropy(ones(2, 3, device=device),
                    mg.asarray([0, 7], device=device)),
                 IndexError, "cross_entropy: target holds 7, expected 0 to 2; ignore_index is"),)),
    OpRecord("linear", named("linear"), F.linear, affine, linear_reference,
        lambda t, *xs: t.nn.functional.linear(*xs), sums=True,
        errors=(ErrorCase(lambda device: F.linear(ones(2, 3, device=device), ones(4, 5,
            device=device)),
                 ValueError, r"linear: input \(2, 3\) with weight \(4, 5\): the last axis must be"),
             ErrorCase(lambda device: F.linear(ones(3, device=device), ones(4, 3, device=device),
                                         ones(3, device=device)),
                 ValueError, r"linear: weight \(4, 3\) and bias \(3,\)"))),
    OpRecord("layer_norm", named("standardize"),
        lambda x, weight=None, bias=None, *, normalized_shape, eps: F.layer_norm(
            x, normalized_shape, weight, bias, eps),
        features, layer_norm_reference,
        lambda t, x, *affine, normalized_shape, eps: t.layer_norm(
            x, normalized_shape, *affine, eps=eps),
        ties=True, sums=True,
        errors=(ErrorCase(lambda device: F.layer_norm(ones(2, 3, device=device), 2), ValueError,
                 r"layer_norm: input \(2, 3\) does not end in \(2,\)"),)),
    OpRecord("max_pool2d", named("max_pool"), F.max_pool2d, images, max_pool_reference,
        lambda t, x, kernel_size, stride, dilation: t.max_pool2d(
            x, kernel_size, stride, dilation=dilation),
        ties=True, kinks="the first of equal elements takes it",
        errors=(ErrorCase(lambda device: F.max_pool2d(ones(1, 1, 2, 2, device=device), 3),
            ValueError,
                 "max_pool2d: a window of 3 does not fit"),)),
    OpRecord("sum_pool", sum_pool, sum_pool, windows_to_sum, sum_pool_reference, torch_sum_pool,
        sums=True,
        errors=(ErrorCase(lambda device: F.avg_pool2d(ones(1, 1, 2, 2, device=device), 3),
            ValueError,
                 "avg_pool2d: a window of 3 does not fit"),)),
]  # fmt: skip
