"""The function `batch_norm`: PyTorch's semantics, and running statistics that move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.suite.checks import needs_torch
from minigrad_bn import batch_norm

from .bounds import assert_near, bounds_of, bounds_of_statistics
from .cases import Case, cases
from .derivatives import leaf, values

flags = st.booleans()


def statistics(case, device):
    """The running mean and variance of a case, as Tensors."""
    return tuple(mg.asarray(a, device=device) for a in (case.running_mean, case.running_var))


@needs_torch
@given(case=cases(), training=flags, tracked=flags, weighted=flags, biased=flags)
def test_is_pytorchs_with_and_without_weight_bias_and_statistics(
    device, case: Case, training, tracked, weighted, biased
):
    tracked = tracked or not training
    present = [True, weighted, biased]
    options = {"training": training, "momentum": case.momentum, "eps": case.eps}

    running = statistics(case, device) if tracked else (None, None)
    x, w, b = (leaf(a, device) if on else None for a, on in zip(case.inputs, present, strict=True))
    y = batch_norm(x, *running, w, b, **options)
    g = mg.asarray(case.g, device=device)
    first = mg.autograd.grad(y, [a for a in (x, w, b) if a is not None], g)

    exact = case.in_float64()
    running_t = [to_torch(exact.running_mean), to_torch(exact.running_var)]
    running_t = running_t if tracked else [None, None]
    inputs_t = zip(exact.inputs, present, strict=True)
    x_t, w_t, b_t = (to_torch(a, True) if on else None for a, on in inputs_t)
    y_t = torch.nn.functional.batch_norm(x_t, *running_t, w_t, b_t, **options)
    wanted = [a for a in (x_t, w_t, b_t) if a is not None]
    first_t = torch.autograd.grad(y_t, wanted, to_torch(exact.g))

    implied = case.but(
        weight=case.weight if weighted else np.ones_like(case.weight),
        bias=case.bias if biased else np.zeros_like(case.bias),
    )
    limit = bounds_of(implied, evaluation=not training)
    assert_near(values(y), from_torch(y_t), limit.y, "y")
    bounds = [bound for bound, on in zip(limit.first, present, strict=True) if on]
    for a, e, bound in zip(first, first_t, bounds, strict=True):
        assert_near(values(a), from_torch(e), bound, "gradient")
    if tracked:
        for a, e, bound in zip(running, running_t, bounds_of_statistics(case), strict=True):
            assert_near(values(a), from_torch(e), bound, "running statistic")


@given(case=cases())
def test_b01_with_momentum_1_the_running_variance_is_numpys_with_ddof_1(device, case: Case):
    mean, var = statistics(case, device)
    batch_norm(mg.asarray(case.x, device=device), mean, var, training=True, momentum=1)
    x = case.x.astype(np.float64)
    bounds = bounds_of_statistics(case)
    assert_near(values(mean), x.mean(axis=case.axes), bounds[0], "running mean")
    assert_near(values(var), x.var(axis=case.axes, ddof=1), bounds[1], "running variance")


@given(case=cases())
def test_b01_normalisation_itself_is_by_the_biased_variance(device, case: Case):
    y = values(batch_norm(mg.asarray(case.x, device=device), None, None, training=True, eps=1.0))
    v = np.var(case.in_float64().x, axis=case.axes)
    limit = bounds_of(case.but(weight=np.ones_like(v), bias=0 * v, eps=1.0)).y
    size = np.max(limit) * 4 * (1 + np.max(np.abs(y), initial=0))
    assert_near(np.var(y.astype(np.float64), axis=case.axes), v / (v + 1.0), size, "variance of y")


@given(case=cases())
def test_b16_eps_stands_under_the_root_and_never_enters_the_running_variance(device, case: Case):
    """So evaluation by a batch's own statistics, Bessel's factor undone, repeats training."""
    x = mg.asarray(case.x, device=device)
    mean, var = statistics(case, device)
    trained = batch_norm(x, mean, var, training=True, momentum=1, eps=case.eps)
    evaluated = batch_norm(x, mean, var * ((case.m - 1) / case.m), eps=case.eps)
    plain = case.but(weight=np.ones_like(case.weight), bias=np.zeros_like(case.bias))
    assert_near(values(evaluated), values(trained), bounds_of(plain).y, "y")


@given(case=cases())
def test_evaluation_leaves_the_running_statistics_alone(device, case: Case):
    mean, var = statistics(case, device)
    before = mean.data, var.data
    batch_norm(mg.asarray(case.x, device=device), mean, var)
    assert mean.data is before[0]
    assert var.data is before[1]


@given(case=cases())
def test_no_array_handed_in_is_written_to(device, case: Case):
    """They are read-only where the backend knows of that; the others are compared."""
    inputs = [case.x, case.weight, case.bias, case.running_mean, case.running_var]
    x, w, b, mean, var = (mg.asarray(a, device=device) for a in inputs)
    raw = [t.data for t in (x, w, b, mean, var)]
    batch_norm(x, mean, var, w, b, training=True)
    for array, a in zip(raw, inputs, strict=True):
        np.testing.assert_array_equal(device.backend.to_numpy(array), a)


@given(case=cases())
def test_no_graph_holds_the_memory_of_the_running_statistics(case: Case):
    x = leaf(case.x, "cpu")
    g = mg.asarray(case.g)
    w = leaf(case.weight, "cpu")
    expected = None
    for spoilt in (False, True):
        mean, var = mg.tensor(case.running_mean), mg.tensor(case.running_var)
        y = batch_norm(x, mean, var, w)
        if spoilt:
            mean.data[...] = np.nan
            var.data[...] = np.nan
        found = [values(a) for a in mg.autograd.grad(y, [x, w], g, create_graph=True)]
        if expected is not None:
            for a, e in zip(found, expected, strict=True):
                np.testing.assert_array_equal(a, e)
        expected = found


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 2), (2, 3, 0), (2, 0), (0, 0)])
@pytest.mark.parametrize("training", [True, False])
def test_an_empty_batch_moves_no_statistic(device, shape, training):
    n = shape[1]
    mean, var = mg.full((n,), 2.0, device=device), mg.full((n,), 3.0, device=device)
    w, b = mg.full((n,), 4.0, device=device), mg.full((n,), 5.0, device=device)
    x = mg.zeros(shape, device=device, requires_grad=True)
    w.requires_grad_()
    b.requires_grad_()
    y = batch_norm(x, mean, var, w, b, training=training)
    assert (y.shape, y.dtype) == (shape, mg.float32)
    assert mean.tolist() == [2.0] * n
    assert var.tolist() == [3.0] * n
    dx, dw, db = mg.autograd.grad(y, [x, w, b], mg.ones(shape, device=device))
    assert dx.shape == shape
    assert dw.tolist() == db.tolist() == [0.0] * n


@given(case=cases(["float16"]))
def test_statistics_of_float16_are_float32_and_finite(case: Case):
    """The squares of these values, up to 4e4, are far beyond float16."""
    names = ("running_mean", "running_var")
    wide = case.but(**{name: getattr(case, name).astype(np.float32) for name in names})
    mean, var = statistics(wide, "cpu")
    y = batch_norm(mg.asarray(case.x * np.float16(200)), mean, var, training=True)
    assert y.dtype == mg.float16
    assert mean.dtype == var.dtype == mg.float32
    assert np.all(np.isfinite(values(y)))
    assert np.all(np.isfinite(values(var)))


@given(case=cases(ranks=(2, 3)), j=st.integers(0, 3), value=st.sampled_from([np.nan, np.inf]))
def test_a_nan_reaches_the_statistics_of_its_channel_only(device, case: Case, j, value):
    j %= case.x.shape[1]
    healthy = np.array(case.x, order="C")
    sick = healthy.copy()
    sick[0, j] = value
    others = np.arange(case.x.shape[1]) != j
    found = []
    for x in (healthy, sick):
        mean, var = statistics(case, device)
        batch_norm(mg.asarray(x, device=device), mean, var, training=True, momentum=0.5)
        found.append((values(mean), values(var)))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a[others], b[others])
        assert not np.isfinite(b[j])
