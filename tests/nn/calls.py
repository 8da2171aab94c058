"""Calls of every function of minigrad.nn.functional, drawn by Hypothesis, kinks included."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigrad.testing.domain import Domain
from minigrad.testing.strategies.arrays import seeds, shapes

from .call import Call

__all__ = ["calls"]

some = Domain(zeros=0.1)
distinct = Domain(distinct=True)
whole = Domain(step=1.0)
shares = Domain(0.05, 1.0)
sizes = st.sampled_from([1, 2, 3])
counts = st.sampled_from([0, 1, 2, 3])
reductions = st.sampled_from(["mean", "sum", "none"])


def array(draw: st.DrawFn, shape: tuple[int, ...], domain: Domain = some) -> Any:
    return np.asarray(domain.values(np.random.default_rng(draw(seeds)), shape))


def integers(draw: st.DrawFn, shape: tuple[int, ...], below: int) -> Any:
    return np.random.default_rng(draw(seeds)).integers(0, below, shape)


@st.composite
def activation(draw: st.DrawFn, name: str, **choices: list[Any]) -> Call:
    kwargs = {key: draw(st.sampled_from(values)) for key, values in choices.items()}
    return Call(name, (array(draw, draw(shapes(0, 3, (0, 1, 2, 3)))),), kwargs)


@st.composite
def along_axis(draw: st.DrawFn, name: str) -> Call:
    x = array(draw, draw(shapes(1, 3)))
    return Call(name, (x,), {"dim": draw(st.integers(-x.ndim, x.ndim - 1))})


@st.composite
def linear(draw: st.DrawFn) -> Call:
    lead = draw(shapes(0, 2, (0, 1, 2, 3)))
    inputs, outputs = draw(sizes), draw(sizes)
    args = [array(draw, (*lead, inputs)), array(draw, (outputs, inputs))]
    if draw(st.booleans()):
        args.append(array(draw, (outputs,)))
    return Call("linear", tuple(args))


@st.composite
def convolution(draw: st.DrawFn, k: int) -> Call:
    groups, each = draw(sizes), draw(st.integers(1, 2))
    outputs = groups * draw(st.integers(1, 2))
    kernel = tuple(draw(sizes) for _ in range(k))
    per_axis = lambda values: draw(st.one_of(values, st.tuples(*[values] * k)))
    kwargs: dict[str, Any] = {"dilation": per_axis(st.integers(1, 2)), "groups": groups}
    if draw(st.booleans()):
        kwargs["padding"] = draw(st.sampled_from(["same", "valid"]))
    else:
        kwargs["padding"] = per_axis(st.integers(0, 2))
    if kwargs["padding"] != "same":
        kwargs["stride"] = per_axis(st.integers(1, 3))
    dilation = np.broadcast_to(kwargs["dilation"], (k,))
    fitting = [int(d) * (n - 1) + 1 for n, d in zip(kernel, dilation, strict=True)]
    size = tuple(n + draw(st.integers(0, 3)) for n in fitting)
    lead = () if draw(st.booleans()) else (draw(counts),)
    args = [array(draw, (*lead, groups * each, *size)), array(draw, (outputs, each, *kernel))]
    if draw(st.booleans()):
        args.append(array(draw, (outputs,)))
    return Call(f"conv{k}d", tuple(args), kwargs)


@st.composite
def transposed_convolution(draw: st.DrawFn, k: int) -> Call:
    groups, each = draw(sizes), draw(st.integers(1, 2))
    inputs = groups * draw(st.integers(1, 2))
    kernel = tuple(draw(sizes) for _ in range(k))
    stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    kwargs: dict[str, Any] = {"stride": stride, "dilation": dilation, "groups": groups}
    kwargs["output_padding"] = draw(st.integers(0, max(stride, dilation) - 1))
    kwargs["padding"] = draw(st.integers(0, 2))
    size = tuple(2 * kwargs["padding"] + draw(sizes) for _ in range(k))
    lead = () if draw(st.booleans()) else (draw(counts),)
    args = [array(draw, (*lead, inputs, *size)), array(draw, (inputs, each, *kernel))]
    if draw(st.booleans()):
        args.append(array(draw, (groups * each,)))
    return Call(f"conv_transpose{k}d", tuple(args), kwargs)


@st.composite
def pooling(draw: st.DrawFn, name: str, k: int) -> Call:
    kernel = tuple(draw(sizes) for _ in range(k))
    kwargs: dict[str, Any] = {
        "kernel_size": kernel if draw(st.booleans()) or len(set(kernel)) > 1 else kernel[0],
        "padding": tuple(draw(st.integers(0, n // 2)) for n in kernel),
        "ceil_mode": draw(st.booleans()),
    }
    if draw(st.booleans()):
        kwargs["stride"] = tuple(draw(st.integers(1, 3)) for _ in kernel)
    dilation = (1,) * k
    if name.startswith("max"):
        dilation = kwargs["dilation"] = tuple(draw(st.integers(1, 2)) for _ in kernel)
    else:
        kwargs["count_include_pad"] = draw(st.booleans())
        if k == 2 and draw(st.booleans()):
            kwargs["divisor_override"] = draw(st.integers(1, 5))
    fitting = [d * (n - 1) + 1 for n, d in zip(kernel, dilation, strict=True)]
    size = tuple(n + draw(st.integers(0, 4)) for n in fitting)
    lead = (draw(sizes),) if draw(st.booleans()) else (draw(counts), draw(sizes))
    # Whole numbers tie often: the first of equals has to win.
    domain = whole if name.startswith("max") else some
    return Call(name, (array(draw, (*lead, *size), domain),), kwargs)


@st.composite
def adaptive(draw: st.DrawFn) -> Call:
    shape = (*draw(shapes(1, 2)), draw(st.integers(1, 7)), draw(st.integers(1, 7)))
    bins = st.none() | st.integers(1, 8)
    wanted = draw(st.one_of(st.integers(1, 5), st.tuples(bins, bins)))
    return Call("adaptive_avg_pool2d", (array(draw, shape),), {"output_size": wanted})


@st.composite
def embedding(draw: st.DrawFn) -> Call:
    rows = draw(sizes)
    index = integers(draw, draw(shapes(0, 3)), rows)
    if draw(st.booleans()):
        index = index.astype("int32")
    padding = draw(st.none() | st.integers(-rows, rows - 1))
    return Call("embedding", (index, array(draw, (rows, draw(sizes)))), {"padding_idx": padding})


@st.composite
def layer_norm(draw: st.DrawFn) -> Call:
    lead, shape = draw(shapes(0, 2, (0, 1, 2, 3))), draw(shapes(1, 2, (2, 3)))
    kwargs: dict[str, Any] = {"eps": draw(st.sampled_from([1e-5, 0.1]))}
    kwargs |= affine(draw, shape)
    x = array(draw, lead + shape, distinct)
    steepness = inverse_std(x.reshape(*lead, -1) if x.size else x, kwargs["eps"])
    return Call("layer_norm", (x, shape), kwargs, (), steepness)


@st.composite
def group_norm(draw: st.DrawFn) -> Call:
    groups, each = draw(sizes), draw(st.integers(1, 2))
    samples, size = draw(sizes), draw(shapes(1, 2, (2, 3)))
    kwargs: dict[str, Any] = {"eps": draw(st.sampled_from([1e-5, 0.1]))}
    kwargs |= affine(draw, (groups * each,))
    x = array(draw, (samples, groups * each, *size), distinct)
    steepness = inverse_std(x.reshape(samples, groups, -1), kwargs["eps"])
    return Call("group_norm", (x, groups), kwargs, (), steepness)


def inverse_std(x: Any, eps: float) -> float:
    """The largest over the rows of x."""
    return float(np.max(1 / np.sqrt(x.var(axis=-1) + eps), initial=1.0))


def affine(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    """A weight, or a weight and a bias, or neither: PyTorch can't differentiate a bias alone."""
    names = draw(st.sampled_from([(), ("weight",), ("weight", "bias")]))
    return {name: array(draw, shape) for name in names}


@st.composite
def distance(draw: st.DrawFn, name: str, **choices: list[Any]) -> Call:
    shape = draw(shapes(0, 3))
    # Whole numbers put differences on the kinks: at 0 and at beta.
    domain = draw(st.sampled_from([some, whole]))
    kwargs = {key: draw(st.sampled_from(values)) for key, values in choices.items()}
    kwargs["reduction"] = draw(reductions)
    return Call(name, (array(draw, shape, domain), array(draw, shape, domain)), kwargs)


@st.composite
def binary_cross_entropy(draw: st.DrawFn) -> Call:
    shape = draw(shapes(1, 3))
    kwargs: dict[str, Any] = {"reduction": draw(reductions)}
    for name in ("weight", "pos_weight"):
        if draw(st.booleans()):
            kwargs[name] = array(draw, draw(st.sampled_from([shape, shape[-1:]])), shares)
    args = array(draw, shape), array(draw, shape, Domain(0.0, 1.0))
    return Call("binary_cross_entropy_with_logits", args, kwargs, ("weight", "pos_weight"))


@st.composite
def classification(draw: st.DrawFn, name: str) -> Call:
    classes = draw(sizes)
    lead = () if draw(st.booleans()) else (draw(sizes),)
    rest = draw(shapes(0, 2)) if lead else ()
    x = array(draw, (*lead, classes, *rest))
    kwargs: dict[str, Any] = {"reduction": draw(reductions)}
    if draw(st.booleans()):
        kwargs["weight"] = array(draw, (classes,), shares)
    if name == "cross_entropy":
        kwargs["label_smoothing"] = draw(st.sampled_from([0.0, 0.1, 1.0]))
        if draw(st.booleans()):
            target = array(draw, x.shape, shares)
            return Call(name, (x, target), kwargs, ("weight",))
    target = integers(draw, (*lead, *rest), classes)
    ignore = draw(st.sampled_from([-100, 0, classes - 1, -1]))
    if ignore < 0 and draw(st.booleans()):
        ignored = np.random.default_rng(draw(seeds)).random(target.shape) < 0.3
        target = np.where(ignored, ignore, target)
    # A mean over nothing is NaN in both libraries; that has a test of its own.
    if not np.all(target == ignore) or kwargs["reduction"] != "mean":
        kwargs["ignore_index"] = ignore
    elif ignore < 0:
        target = np.zeros_like(target)
    return Call(name, (x, np.asarray(target)), kwargs, ("weight",))


calls: dict[str, st.SearchStrategy[Call]] = {
    "relu": activation("relu"),
    "leaky_relu": activation("leaky_relu", negative_slope=[0.01, 0.3, -0.5, 0.0]),
    "gelu": activation("gelu", approximate=["none", "tanh"]),
    "silu": activation("silu"),
    "sigmoid": activation("sigmoid"),
    "tanh": activation("tanh"),
    "softplus": activation("softplus", beta=[1.0, 0.5, 3.0], threshold=[20.0, 2.0]),
    "softmax": along_axis("softmax"),
    "log_softmax": along_axis("log_softmax"),
    "linear": linear(),
    "conv1d": convolution(1),
    "conv2d": convolution(2),
    "conv_transpose1d": transposed_convolution(1),
    "conv_transpose2d": transposed_convolution(2),
    "max_pool1d": pooling("max_pool1d", 1),
    "max_pool2d": pooling("max_pool2d", 2),
    "avg_pool1d": pooling("avg_pool1d", 1),
    "avg_pool2d": pooling("avg_pool2d", 2),
    "adaptive_avg_pool2d": adaptive(),
    "embedding": embedding(),
    "layer_norm": layer_norm(),
    "group_norm": group_norm(),
    "mse_loss": distance("mse_loss"),
    "l1_loss": distance("l1_loss"),
    "smooth_l1_loss": distance("smooth_l1_loss", beta=[1.0, 0.5, 2.0, 0.0]),
    "binary_cross_entropy_with_logits": binary_cross_entropy(),
    "nll_loss": classification("nll_loss"),
    "cross_entropy": classification("cross_entropy"),
}
