"""A mask: what it leaves out might as well not be there; what it weighs counts so often."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds
from minigrad_bn.statistics import effective_count
from minigrad_bn.training import batch_norm_training

from .bounds import assert_near, bounds_of
from .cases import Case, cases, frozen
from .derivatives import derivatives, flat, training, values

Array = np.ndarray


def masked(case: Case, mask: Array, device: Any) -> Any:
    """Batch norm under a mask, as a function of (x, weight, bias)."""
    mask = mg.asarray(mask, device=device)
    return lambda *inputs: batch_norm_training(*inputs, mask, axes=case.axes, eps=case.eps)[0]


def steps(case: Case, values: Array) -> Array:
    """One value for each sample and place, the channel axis having size 1."""
    return frozen(values.reshape([1 if a == 1 else n for a, n in enumerate(case.x.shape)]))


def rows(case: Case, a: Array, chosen: Array) -> Array:
    """The values of a at the chosen places, as (rows, C)."""
    return np.moveaxis(a, 1, -1)[chosen[:, 0]]


def scatter(case: Case, table: Array, chosen: Array) -> Array:
    """What `rows` gathers, put back among zeros."""
    found = np.zeros_like(np.moveaxis(np.array(case.x), 1, -1))
    found[chosen[:, 0]] = table
    return np.moveaxis(found, -1, 1)


@given(case=cases(min_values=3), seed=seeds, rubbish=st.sampled_from([np.nan, np.inf, 1e30, 0.0]))
def test_b31_masked_batch_norm_is_that_of_the_gathered_rows_to_second_order(
    device, case: Case, seed, rubbish
):
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(case.m) < rng.integers(2, case.m + 1)
    chosen = steps(case, chosen)
    # What is left out is never read, whatever it is.
    case = case.but(
        x=np.where(chosen, case.x, np.asarray(rubbish, case.x.dtype)),
        g=np.where(chosen, case.g, np.asarray(rubbish, case.g.dtype)),
    )
    h, h_w, h_b = directions = case.directions(seed)
    gathered = case.but(x=rows(case, case.x, chosen), g=rows(case, case.g, chosen))
    there = [rows(case, h, chosen), h_w, h_b]
    y, (dx, *vectors), (ddx, *vectors_2, dg) = derivatives(
        masked(case, chosen, device), case.inputs, case.g, directions, device
    )
    e_y, (e_dx, *e_vectors), (e_ddx, *e_vectors_2, e_dg) = derivatives(
        training(gathered), gathered.inputs, gathered.g, there, device
    )
    limit = bounds_of(gathered, directions=there)
    for name, a, e, bound in [
        ("y", y, e_y, limit.y),
        ("gradient of x", dx, e_dx, limit.x),
        ("second derivative by x", ddx, e_ddx, limit.second_x),
        ("second derivative by g", dg, e_dg, limit.second_g),
    ]:
        bound = np.broadcast_to(bound, e.shape)
        assert_near(a, scatter(case, e, chosen), scatter(case, bound, chosen), name)
    bounds = [limit.weight, limit.bias, limit.second_weight, 0 * limit.bias]
    for a, e, bound in zip([*vectors, *vectors_2], [*e_vectors, *e_vectors_2], bounds, strict=True):
        assert_near(a, e, bound, "weight and bias")


@given(case=cases(["float64"], mild=True), seed=seeds)
def test_b31_a_weight_of_two_is_a_value_that_is_there_twice(device, case: Case, seed):
    """Its g arrives once; what reaches x is what reaches both of the copies."""
    times = np.random.default_rng(seed).integers(0, 4, case.m)
    times[:2] = 1, 2
    weights = steps(case, times.astype(case.x.dtype))
    everywhere = np.ones_like(weights, bool)
    copies = np.repeat(np.arange(case.m), times)
    first = np.diff(copies, prepend=-1) > 0
    there = np.zeros(case.m, bool)
    there[copies] = True
    repeated = case.but(
        x=rows(case, case.x, everywhere)[copies],
        g=rows(case, case.g, everywhere)[copies] * first[:, None],
    )
    y, (dx, dw, db), _ = derivatives(
        masked(case, weights, device), case.inputs, case.g, device=device
    )
    e_y, (e_dx, e_dw, e_db), _ = derivatives(
        training(repeated), repeated.inputs, repeated.g, device=device
    )
    summed = np.zeros((case.m, case.x.shape[1]))
    np.add.at(summed, copies, e_dx)
    limit = bounds_of(repeated)
    wide = [np.max(np.broadcast_to(b, e_y.shape), axis=0) for b in (limit.y, limit.x)]
    assert_near(rows(case, y, everywhere)[copies], e_y, wide[0], "y")
    assert_near(rows(case, dx, everywhere), summed, 4 * wide[1], "gradient of x")
    assert_near(dw, e_dw, limit.weight, "gradient of the weight")
    assert_near(db, e_db, limit.bias, "gradient of the bias")
    assert not np.any(rows(case, y, everywhere)[~there])


@given(case=cases(["float64"]), seed=seeds, factor=st.sampled_from([0.25, 2.0, 1024.0]))
def test_only_the_proportions_of_weights_matter(device, case: Case, seed, factor):
    weights = steps(case, np.random.default_rng(seed).uniform(0, 3, case.m))
    runs = [
        flat(derivatives(masked(case, w, device), case.inputs, case.g, device=device))
        for w in (weights, factor * weights)  # a power of two: not even rounding differs
    ]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a, b)


@given(case=cases(ranks=(2, 3)), seed=seeds, eps=st.sampled_from([0.0, 1e-5]))
def test_b31_a_channel_without_valid_values_is_an_empty_batch(device, case: Case, seed, eps):
    """Output and gradients 0, mean and variance 0; the other channels don't notice."""
    j = seed % case.x.shape[1]
    others = np.arange(case.x.shape[1]) != j
    mask = np.ones(case.x.shape, bool)
    mask[:, j] = False
    case = case.but(
        eps=eps, x=case.x + np.arange(case.x.shape[0]).reshape(-1, *[1] * (case.x.ndim - 1))
    )
    directions = case.directions(seed)
    y, first, second = derivatives(
        masked(case, mask, device), case.inputs, case.g, directions, device
    )
    for a in (y, first[0], second[0], second[3]):
        assert not np.any(a[:, j])
    for a in (*first[1:], *second[1:3]):
        assert not np.any(a[j])
    _, (mean, var, *_) = batch_norm_training(
        *(mg.asarray(a, device=device) for a in (*case.inputs, mask)), axes=case.axes, eps=eps
    )
    assert not np.any(np.moveaxis(values(mean), 1, 0)[j])
    assert not np.any(np.moveaxis(values(var), 1, 0)[j])
    if eps > 0:
        alone = derivatives(training(case), case.inputs, case.g, directions, device)
        limit = bounds_of(case, directions=directions)
        assert_near(y[:, others], alone[0][:, others], limit.y[:, others], "y")
        assert_near(first[0][:, others], alone[1][0][:, others], limit.x[:, others], "dx")


@given(case=cases(["float64"]), seed=seeds)
def test_b31_the_effective_count_makes_the_variance_unbiased(device, case: Case, seed):
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(case.m) < rng.integers(2, case.m + 1)
    mask = mg.asarray(steps(case, chosen.astype(np.float64)), device=device)
    n = effective_count(mg, case.x.shape, case.axes, mask)
    np.testing.assert_array_equal(values(n), np.full(values(n).shape, np.sum(chosen)))
    x = mg.asarray(case.x, device=device)
    _, (_, var, *_) = batch_norm_training(x, None, None, mask, axes=case.axes, eps=0.1)
    there = rows(case, case.x, steps(case, chosen))
    size = np.max(np.abs(there), axis=0)
    bound = 32 * np.finfo(np.float64).eps * case.m * (size**2)
    assert_near(
        values(var * (n / (n - 1))).reshape(-1), np.var(there, axis=0, ddof=1), bound, "var"
    )


@given(seed=seeds, m=st.integers(2, 20))
def test_the_effective_count_of_weights_is_kishs(device, seed, m):
    w = np.random.default_rng(seed).uniform(0.1, 3, (m, 1))
    (n,) = values(effective_count(mg, (m, 5), (0,), mg.asarray(w, device=device))).ravel()
    np.testing.assert_allclose(n, w.sum() ** 2 / (w**2).sum(), rtol=1e-12)
    assert effective_count(mg, (m, 5, 2), (0, 2)) == 2 * m
