"""The course's other functions: the short formula of the backward pass, and images."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds
from minigrad_bn import cs231n

from .bounds import assert_near, bounds_of
from .cases import Case, cases
from .derivatives import derivatives, flat, leaf, training, values
from .textbook import as_numpy, parameters, raw

BACKWARDS = [cs231n.batchnorm_backward, cs231n.batchnorm_backward_alt]
of_tables = (cs231n.batchnorm_forward, *BACKWARDS)
of_images = (cs231n.spatial_batchnorm_forward, cs231n.spatial_batchnorm_backward)


def by_hand(case, seed, device, forward, backward):
    """Value, gradients by a backward of the course, and what the tape makes of those."""
    *leaves, g = (leaf(a, device) for a in (*case.inputs, case.g))
    out, cache = forward(*leaves, {"mode": "train", "eps": case.eps})
    first = backward(g, cache)
    fixed = [mg.asarray(d, device=device) for d in case.directions(seed)]
    by_x, by_weight, by_bias, by_g = mg.autograd.grad(first, [*leaves, g], fixed, allow_unused=True)
    assert by_bias is None, "no gradient depends on beta"
    return [values(a) for a in (out, *first, by_x, by_weight, by_g)]


def by_rule(case, seed, device):
    found = flat(derivatives(training(case), case.inputs, case.g, case.directions(seed), device))
    limit = bounds_of(case, directions=case.directions(seed))
    bounds = [limit.y, *limit.first, *limit.second]
    of_beta = 6
    return [found[i] for i in range(8) if i != of_beta], [
        bounds[i] for i in range(8) if i != of_beta
    ]


@given(case=cases(ranks=(2,)), seed=seeds)
def test_the_short_formula_is_the_circuit_and_the_rule_to_second_order(device, case: Case, seed):
    forward, long, short = of_tables
    expected, bounds = by_rule(case, seed, device)
    for backward in (long, short):
        found = by_hand(case, seed, device, forward, backward)
        for a, e, bound in zip(found, expected, bounds, strict=True):
            assert_near(a, e, bound, backward.__name__)


@given(case=cases(ranks=(4,)), seed=seeds)
def test_spatial_batch_norm_is_the_rule_over_batch_and_place_to_second_order(
    device, case: Case, seed
):
    expected, bounds = by_rule(case, seed, device)
    found = by_hand(case, seed, device, *of_images)
    for a, e, bound in zip(found, expected, bounds, strict=True):
        assert_near(a, e, bound, "spatial")


@given(case=cases(ranks=(4,)), mode=st.sampled_from(["train", "test"]))
def test_spatial_batch_norm_is_batch_norm_of_the_rows_dictionary_included(device, case: Case, mode):
    n, c, h, w = case.x.shape
    table = case.but(x=np.reshape(np.moveaxis(case.x, 1, -1), (-1, c)))
    of_table, of_image = (parameters(case, mode, lambda a: raw(a, device)) for _ in range(2))
    out, _ = cs231n.spatial_batchnorm_forward(*(raw(a, device) for a in case.inputs), of_image)
    expected, _ = cs231n.batchnorm_forward(*(raw(a, device) for a in table.inputs), of_table)
    out, expected = as_numpy(device, out, expected)
    np.testing.assert_array_equal(np.moveaxis(out, 1, -1), expected.reshape(n, h, w, c))
    for name in ("running_mean", "running_var"):
        np.testing.assert_array_equal(*as_numpy(device, of_image[name], of_table[name]))


@pytest.mark.parametrize("backward", BACKWARDS)
def test_both_backwards_refuse_the_same(backward):
    x = np.random.default_rng(0).standard_normal((4, 3))
    _, cache = cs231n.batchnorm_forward(x, np.ones(3), np.zeros(3), {"mode": "train"})
    name = backward.__name__
    with pytest.raises(
        ValueError, match=re.escape(f"{name}: dout has shape (3,), expected (4, 3)")
    ):
        backward(np.ones(3), cache)
    with pytest.raises(ValueError, match=f"{name}: the cache is None"):
        backward(np.ones((4, 3)), None)


def test_what_is_no_image_is_refused_by_name():
    with pytest.raises(ValueError, match=re.escape("spatial_batchnorm_forward: expected x of shape "
                                                   "(N, C, H, W), got (4, 3)")):  # fmt: skip
        cs231n.spatial_batchnorm_forward(np.ones((4, 3)), np.ones(3), np.ones(3), {"mode": "train"})
    with pytest.raises(
        ValueError, match=re.escape("expected dout of shape (N, C, H, W), got (4,)")
    ):
        cs231n.spatial_batchnorm_backward(np.ones(4), None)
