"""What changes nothing: shifts, scales, permutations, other channels, shapes, backends."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds
from minigrad_bn import BatchNorm1d, BatchNorm2d

from .bounds import assert_near, bounds_of, bounds_of_statistics
from .cases import Case, cases
from .derivatives import derivatives, training, values


def run(case, device):
    """y, then the gradients of x, weight and bias."""
    y, first, _ = derivatives(training(case), case.inputs, case.g, device=device)
    return [y, *first]


def assert_same(case, found, expected, what):
    limit = bounds_of(case)
    for a, b, bound in zip(found, expected, [limit.y, *limit.first], strict=True):
        assert_near(a, b, bound, what)


@given(case=cases(["float64"], mild=True), shift=st.floats(-1e3, 1e3))
def test_a_shift_of_the_input_changes_nothing(device, case: Case, shift):
    moved = case.but(x=case.x + shift)
    assert_same(moved, run(moved, device), run(case, device), f"after a shift by {shift}")


@given(case=cases(["float64"], mild=True), a=st.sampled_from([-30.0, -1.0, 0.5, 7.0]))
def test_a_scaled_input_with_eps_scaled_to_match_changes_only_its_sign(device, case: Case, a):
    scaled = case.but(x=a * case.x, eps=a * a * case.eps)
    bias = case.wide(case.bias)
    expected = np.sign(a) * (run(case, device)[0] - bias) + bias
    assert_near(run(scaled, device)[0], expected, bounds_of(scaled).y, "y of a x")


@given(case=cases(), seed=seeds)
def test_a_permutation_of_batch_or_space_commutes_also_with_the_gradient(device, case: Case, seed):
    rng = np.random.default_rng(seed)
    axis = rng.choice(case.axes)
    order = rng.permutation(case.x.shape[axis])
    permuted = case.but(x=np.take(case.x, order, axis=axis), g=np.take(case.g, order, axis=axis))
    y, dx, dw, db = run(case, device)
    expected = [np.take(y, order, axis=axis), np.take(dx, order, axis=axis), dw, db]
    assert_same(case, run(permuted, device), expected, f"axis {axis} permuted")


@given(case=cases(), seed=seeds)
def test_channels_know_nothing_of_each_other(device, case: Case, seed):
    j = seed % case.x.shape[1]
    others = np.arange(case.x.shape[1]) != j
    plain = np.array(case.x, order="C")
    changed = plain.copy()
    changed[:, j] = np.random.default_rng(seed).standard_normal(changed[:, j].shape)
    before, after = (run(case.but(x=x), device) for x in (plain, changed))
    for a, b in zip(before[:2], after[:2], strict=True):
        np.testing.assert_array_equal(a[:, others], b[:, others])
    for a, b in zip(before[2:], after[2:], strict=True):
        np.testing.assert_array_equal(a[others], b[others])


@given(case=cases(["float64"], ranks=(3,)))
def test_one_and_two_dimensional_layers_agree_after_a_reshape(device, case: Case):
    n, c, length = case.x.shape
    case = case.but(weight=np.ones(c), bias=np.zeros(c))
    x = mg.asarray(case.x, device=device)
    plain, planes, rows = (
        kind(c, eps=case.eps, dtype=mg.float64, device=device)
        for kind in (BatchNorm1d, BatchNorm2d, BatchNorm1d)
    )
    expected = values(plain(x))
    y = planes(mg.reshape(x, (n, c, length, 1)))
    assert_near(values(y)[..., 0], expected, bounds_of(case).y, "BatchNorm2d of (N, C, L, 1)")
    y = rows(mg.reshape(mg.permute_dims(x, (0, 2, 1)), (n * length, c)))
    found = values(y).reshape(n, length, c).transpose(0, 2, 1)
    assert_near(found, expected, bounds_of(case).y, "BatchNorm1d of (N L, C)")
    for other in (planes, rows):
        var, expected_var = values(other.running_var), values(plain.running_var)
        assert_near(var, expected_var, bounds_of_statistics(case)[1], "running_var")


@given(case=cases())
def test_backends_agree(device, case: Case):
    assert_same(case, run(case, device), run(case, "cpu"), f"{device} against cpu")
