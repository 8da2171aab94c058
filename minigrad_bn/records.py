"""Records of batch normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.conduct import ErrorCase
from minigrad.testing.domain import Domain
from minigrad.testing.record import Case, OpRecord, Sides, named
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.strategies.calls import inputs_from
from minigrad_bn import batch_norm
from minigrad_bn.communicator import Alone, all_reduce_sum
from minigrad_bn.evaluation import batch_norm_evaluation
from minigrad_bn.second_order import weight_gradient, x_gradient
from minigrad_bn.synchronised import batch_norm_synchronised

__all__ = ["records"]

Shape = tuple[int, ...]


@st.composite
def batches(draw: st.DrawFn, sides: Sides) -> Case:
    """Values, gamma (0 and negative ones too) and beta."""
    n = draw(st.sampled_from([n for n in sides if n != 1]))
    shape = (n, draw(st.sampled_from(sides)), *draw(shapes(0, 2, sides)))
    domains = (Domain(distinct=True), Domain(-2, 2, zeros=0.2), Domain())
    found = inputs_from(domains, [shape, shape[1:2], shape[1:2]], draw(seeds))
    return Case(found, {"eps": draw(st.sampled_from([0.2, 1.0]))})


@st.composite
def batches_and_statistics(draw: st.DrawFn, sides: Sides) -> Case:
    shape = draw(shapes(2, 4, sides))
    c = shape[1:2]
    found = inputs_from((Domain(),) * 4, [shape, c, c, c], draw(seeds))
    return Case(found, {"axes": (0, *range(2, len(shape)))})


def across(v: Any, ndim: int) -> Any:
    """One value a channel, against the second of `ndim` axes."""
    return v.reshape(-1, *[1] * (ndim - 2))


def training_reference(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes = (0, *range(2, x.ndim))
    centred = x - x.mean(axis=axes, keepdims=True)
    x_hat = centred / np.sqrt((centred**2).mean(axis=axes, keepdims=True) + eps)
    return x_hat * across(weight, x.ndim) + across(bias, x.ndim)


@st.composite
def cotangents_and_batches(draw: st.DrawFn, sides: Sides, weight: bool = True) -> Case:
    """A cotangent, the values it belongs to, and gamma."""
    x, gamma, _ = (found := draw(batches(sides))).inputs
    (g,) = inputs_from((Domain(),), [x.shape], draw(seeds))
    axes = (0, *range(2, x.ndim))
    return Case((g, x, gamma) if weight else (g, x), {"axes": axes, **found.params})


def x_hat_and_inv_std(x: Any, axes: Shape, eps: float) -> Any:
    centred = x - x.mean(axis=axes, keepdims=True)
    inv_std = ((centred**2).mean(axis=axes, keepdims=True) + eps) ** -0.5
    return centred * inv_std, inv_std


def x_gradient_reference(g: Any, x: Any, weight: Any, axes: Shape, eps: float) -> Any:
    x_hat, inv_std = x_hat_and_inv_std(x, axes, eps)
    rest = g - g.mean(axis=axes, keepdims=True)
    rest = rest - x_hat * (g * x_hat).mean(axis=axes, keepdims=True)
    return across(weight, x.ndim) * inv_std * rest


def weight_gradient_reference(g: Any, x: Any, axes: Shape, eps: float) -> Any:
    return (g * x_hat_and_inv_std(x, axes, eps)[0]).sum(axis=axes)


def alone(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Synchronised batch norm of a single rank."""
    axes = (0, *range(2, x.ndim))
    return batch_norm_synchronised(x, weight, bias, axes=axes, eps=eps, communicator=Alone())[0]


@st.composite
def arrays(draw: st.DrawFn, sides: Sides) -> Case:
    return Case(inputs_from((Domain(),), [draw(shapes(1, 3, sides))], draw(seeds)), {})


def affine(x: Any, mean: Any, scale: Any, bias: Any, axes: Shape) -> Any:
    mean, scale, bias = (across(v, x.ndim) for v in (mean, scale, bias))
    return (x - mean) * scale + bias


def ones(*shape: int, device: Any) -> mg.Tensor:
    return mg.ones(shape, device=device)


records = [
    OpRecord("batch_norm in training", named("batch_norm_training"),
        lambda x, weight, bias, eps: batch_norm(x, None, None, weight, bias, True, eps=eps),
        batches, training_reference,
        lambda t, x, weight, bias, eps: t.nn.functional.batch_norm(
            x, None, None, weight, bias, True, eps=eps),
        ties=True, sums=True,
        errors=(ErrorCase(lambda device: batch_norm(ones(1, 3, device=device), None, None,
            training=True),
                 ValueError, r"more than 1 value per channel when training.*\(1, 3\)"),)),
    OpRecord("batch_norm's gradient of x", named("batch_norm_x_gradient"),
        lambda *xs, **params: x_gradient(*xs, **params)[0],
        cotangents_and_batches, x_gradient_reference,
        lambda t, *xs, axes, eps: x_gradient_reference(*xs, axes, eps), ties=True, sums=True,
        errors=(ErrorCase(lambda device: x_gradient(ones(2, 3, device=device), ones(2, 4,
            device=device),
                                           axes=(0,), eps=0.1),
                 ValueError, r"^batch_norm_x_gradient: .*\(2, 3\).*\(2, 4\)"),)),
    OpRecord("batch_norm's gradient of the weight", named("batch_norm_weight_gradient"),
        lambda *xs, **params: weight_gradient(*xs, **params)[0],
        lambda sides: cotangents_and_batches(sides, weight=False), weight_gradient_reference,
        lambda t, *xs, axes, eps: weight_gradient_reference(*xs, axes, eps), ties=True, sums=True,
        errors=(ErrorCase(lambda device: weight_gradient(ones(2, 3, device=device),
                                                ones(2, 4, device=device), axes=(0,), eps=0.1),
                 ValueError, r"^batch_norm_weight_gradient: .*\(2, 3\).*\(2, 4\)"),)),
    OpRecord("batch_norm in evaluation", named("batch_norm_evaluation"), batch_norm_evaluation,
        batches_and_statistics, affine, lambda t, *xs, axes: affine(*xs, axes), sums=True,
        errors=(ErrorCase(lambda device: batch_norm(ones(2, 3, device=device), ones(2,
            device=device),
                                           ones(2, device=device)),
                 RuntimeError, "running_mean"),)),
    OpRecord("batch_norm in training, synchronised", named("batch_norm_synchronised"), alone,
        batches, training_reference,
        lambda t, x, weight, bias, eps: t.nn.functional.batch_norm(
            x, None, None, weight, bias, True, eps=eps),
        ties=True, sums=True,
        errors=(ErrorCase(lambda device: alone(ones(2, 3, device=device), ones(4, device=device),
            None, 0.1),
                 ValueError, r"^batch_norm_synchronised: "),)),
    OpRecord("all_reduce_sum", named("all_reduce_sum"),
        lambda x: all_reduce_sum(x, communicator=Alone()),
        arrays, lambda x: x, lambda t, x: x.clone(),
        errors=(ErrorCase(lambda device: all_reduce_sum(
            ones(2, device=device), ones(2, device=device), communicator=Alone()),
                 TypeError, "takes 1 input"),)),
]  # fmt: skip
