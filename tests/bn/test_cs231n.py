"""The textbook circuit: the course's numbers and conventions, on arrays of any library."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad_bn import cs231n

from . import textbook
from .bounds import assert_near, bounds_of, bounds_of_statistics
from .cases import Case, cases
from .derivatives import derivatives, flat, leaf, training, values
from .textbook import as_numpy, parameters, raw

STATISTICS = ("running_mean", "running_var")
tables = cases(ranks=(2,))


def assert_statistics(case, device, bn_param, expected):
    for name, bound in zip(STATISTICS, bounds_of_statistics(case), strict=True):
        (found,) = as_numpy(device, bn_param[name])
        assert found.dtype == case.x.dtype
        assert_near(found, expected[name], bound, name)


@given(case=tables, mode=st.sampled_from(["train", "test"]))
def test_forward_and_backward_are_the_textbooks_on_arrays_of_any_library(device, case: Case, mode):
    ours = parameters(case, mode, lambda a: raw(a, device))
    out, cache = cs231n.batchnorm_forward(*(raw(a, device) for a in case.inputs), ours)
    exact = case.in_float64()
    theirs = parameters(exact, mode)
    out_t, cache_t = textbook.batchnorm_forward(*exact.inputs, theirs)
    limit = bounds_of(case, evaluation=mode == "test")
    assert_near(*as_numpy(device, out), out_t, limit.y, "out")
    assert_statistics(case, device, ours, theirs)
    if mode == "test":
        assert cache is None
        return
    first = as_numpy(device, *cs231n.batchnorm_backward(raw(case.g, device), cache))
    first_t = textbook.batchnorm_backward(exact.g, cache_t)
    for a, e, bound in zip(first, first_t, limit.first, strict=True):
        assert a.dtype == case.x.dtype
        assert_near(a, e, bound, "gradient")


@given(case=cases(["float64"], ranks=(2,)))
def test_the_cache_is_the_textbooks_so_the_halves_can_be_mixed(case: Case):
    _, ours = cs231n.batchnorm_forward(*case.inputs, {"mode": "train", "eps": case.eps})
    _, theirs = textbook.batchnorm_forward(*case.inputs, {"mode": "train", "eps": case.eps})
    mixed = textbook.batchnorm_backward(case.g, ours), cs231n.batchnorm_backward(case.g, theirs)
    for a, b, bound in zip(*mixed, bounds_of(case).first, strict=True):
        assert_near(a, b, bound, "gradient")


@given(case=tables, seed=seeds)
def test_rule_circuit_and_the_tape_over_the_circuit_agree_to_second_order(device, case: Case, seed):
    """The rule; the circuit walked back by hand; the circuit's forward, differentiated."""
    directions = case.directions(seed)

    def circuit(*inputs):
        return cs231n.batchnorm_forward(*inputs, {"mode": "train", "eps": case.eps})

    by_rule = derivatives(training(case), case.inputs, case.g, directions, device)
    by_tape = derivatives(lambda *a: circuit(*a)[0], case.inputs, case.g, directions, device)

    *leaves, g = (leaf(a, device) for a in (*case.inputs, case.g))
    out, cache = circuit(*leaves)
    first = cs231n.batchnorm_backward(g, cache)
    fixed = [mg.asarray(d, device=device) for d in directions]
    second = mg.autograd.grad(first, [*leaves, g], fixed, allow_unused=True)
    by_hand = [out, *first, *[a for a in second if a is not None]]
    assert second[2] is None, "no gradient depends on beta"

    limit = bounds_of(case, directions=directions)
    bounds = [limit.y, *limit.first, *limit.second]
    for a, b, bound in zip(flat(by_rule), flat(by_tape), bounds, strict=True):
        assert_near(a, b, bound, "tape over the circuit")
    of_beta = 6
    without = [[*a[:of_beta], *a[of_beta + 1 :]] for a in (flat(by_rule), bounds)]
    for a, b, bound in zip(without[0], by_hand, without[1], strict=True):
        assert_near(a, values(b), bound, "circuit walked back")


@needs_torch
@given(case=tables)
def test_training_is_pytorchs_with_momentum_and_bessel_translated(device, case: Case):
    bn_param = parameters(case, "train", lambda a: raw(a, device))
    out, _ = cs231n.batchnorm_forward(*(raw(a, device) for a in case.inputs), bn_param)
    exact = case.in_float64()
    mean, var = to_torch(exact.running_mean), to_torch(exact.running_var)
    x, w, b = (to_torch(a) for a in exact.inputs)
    y = torch.nn.functional.batch_norm(x, mean, var, w, b, True, case.momentum, case.eps)
    assert_near(*as_numpy(device, out), from_torch(y), bounds_of(case).y, "out")
    bessel = case.momentum * exact.x.var(axis=0) / (case.m - 1)
    expected = {"running_mean": from_torch(mean), "running_var": from_torch(var) - bessel}
    assert_statistics(case, device, bn_param, expected)


@given(case=tables)
def test_statistics_start_at_zero_and_weigh_the_old_by_nine_tenths(device, case: Case):
    bn_param = {"mode": "train"}
    cs231n.batchnorm_forward(*(raw(a, device) for a in case.inputs), bn_param)
    x = case.in_float64().x
    expected = {"running_mean": 0.1 * x.mean(axis=0), "running_var": 0.1 * x.var(axis=0)}
    assert_statistics(case, device, bn_param, expected)
