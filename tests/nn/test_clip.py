"""Clipping gradients, against PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.nn.utils import clip_grad_norm_, clip_grad_value_
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close

many_shapes = st.lists(shapes(0, 2, (0, 1, 2, 3)), min_size=1, max_size=3)


def with_gradients(shapes: list[Any], seed: int, device: Any) -> tuple[list[Any], list[Any]]:
    """Parameters of both libraries with the same gradients; one has none."""
    rng = np.random.default_rng(seed)
    ours, theirs = [nn.Parameter(mg.ones(1, device=device))], [torch.nn.Parameter(torch.ones(1))]
    for shape in shapes:
        value, g = rng.standard_normal(shape), rng.standard_normal(shape)
        ours.append(nn.Parameter(mg.asarray(value, device=device)))
        theirs.append(torch.nn.Parameter(to_torch(value)))
        ours[-1].grad, theirs[-1].grad = mg.asarray(g, device=device), to_torch(g)
    return ours, theirs


@needs_torch
@given(
    shapes=many_shapes,
    seed=seeds,
    max_norm=st.floats(0.01, 10),
    kind=st.sampled_from([1.0, 2.0, 3.0, math.inf]),
)
def test_norm_is_clipped_as_pytorch_does(
    device: Any, shapes: list[Any], seed: int, max_norm: float, kind: float
) -> None:
    if kind == math.inf and any(0 in shape for shape in shapes):
        shapes = [(2,)]  # PyTorch refuses the maximum of nothing.
    ours, theirs = with_gradients(shapes, seed, device)
    before = [p.grad for p in ours[1:]]
    terms = 10 + sum(g.size for g in before)
    total = clip_grad_norm_(iter(ours), max_norm, kind)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, kind)
    assert total.device is device and not total.requires_grad
    assert_close(total.numpy(), from_torch(expected), "norm", terms=terms)
    assert ours[0].grad is None
    for p, q in zip(ours[1:], theirs[1:], strict=True):
        assert p.grad.dtype == "float64"
        assert_close(p.grad.numpy(), from_torch(q.grad), "gradient", terms=terms)


@needs_torch
@given(shapes=many_shapes, seed=seeds, bound=st.floats(0.01, 2))
def test_values_are_clipped_as_pytorch_does(
    device: Any, shapes: list[Any], seed: int, bound: float
) -> None:
    ours, theirs = with_gradients(shapes, seed, device)
    clip_grad_value_(ours, bound)
    torch.nn.utils.clip_grad_value_(theirs, bound)
    for p, q in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), from_torch(q.grad))


def test_a_single_tensor_and_no_gradients_will_do() -> None:
    p = nn.Parameter([3.0, 4.0])
    assert clip_grad_norm_(p, 1.0).item() == 0
    p.grad = mg.asarray([3.0, 4.0])
    assert clip_grad_norm_(p, 1.0).item() == 5
    np.testing.assert_allclose(p.grad.numpy(), [0.6, 0.8], rtol=1e-5)


def test_a_norm_that_is_not_finite_is_refused_before_clipping_if_asked() -> None:
    p = nn.Parameter([3.0, 4.0])
    p.grad = mg.asarray([math.inf, 4.0])
    with pytest.raises(RuntimeError, match="gradients have the norm inf; nothing was clipped"):
        clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(p.grad.numpy(), [math.inf, 4])


def test_a_clipped_gradient_of_first_order_still_can_not_be_differentiated() -> None:
    p = nn.Parameter([3.0, 4.0])
    mg.sum(p * p * p).backward()
    clip_grad_norm_(p, 1.0)
    with pytest.raises((RuntimeError, ValueError), match="create_graph"):
        mg.sum(p.grad * p).backward()
