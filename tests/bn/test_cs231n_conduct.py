"""The textbook circuit: Tensors in and out, nothing written to, nothing half done."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad_bn import cs231n

from .cases import Case, cases
from .derivatives import leaf
from .textbook import as_numpy, parameters, raw

tables = cases(ranks=(2,))


@given(case=tables)
def test_tensors_give_tensors_whose_statistics_keep_no_graph(device, case: Case):
    leaves = [leaf(a, device) for a in case.inputs]
    bn_param = {"mode": "train"}
    out, _ = cs231n.batchnorm_forward(*leaves, bn_param)
    assert out.requires_grad
    for name in ("running_mean", "running_var"):
        assert isinstance(bn_param[name], mg.Tensor)
        assert not bn_param[name].requires_grad
    bn_param["mode"] = "test"
    out, cache = cs231n.batchnorm_forward(*leaves, bn_param)
    assert out.requires_grad
    assert cache is None


@given(case=tables, mode=st.sampled_from(["train", "test"]))
def test_no_array_handed_in_is_written_to(device, case: Case, mode):
    bn_param = parameters(case, mode, lambda a: raw(a, device))
    arrays = [raw(a, device) for a in (case.x, case.weight, case.bias, case.g)]
    given_arrays = [*arrays, bn_param["running_mean"], bn_param["running_var"]]
    before = [np.array(a) for a in as_numpy(device, *given_arrays)]
    _, cache = cs231n.batchnorm_forward(*arrays[:3], bn_param)
    if cache is not None:
        cs231n.batchnorm_backward(arrays[3], cache)
    for a, b in zip(as_numpy(device, *given_arrays), before, strict=True):
        np.testing.assert_array_equal(a, b)


ONES = {"x": (4, 3), "gamma": (3,), "beta": (3,)}


@pytest.mark.parametrize(
    ("changes", "mode", "kind", "message"),
    [
        ({}, "eval", ValueError, "bn_param['mode'] is 'eval', expected 'train' or 'test'"),
        ({}, None, ValueError, "bn_param['mode'] is None, expected 'train' or 'test'"),
        ({"x": (4, 3, 2)}, "train", ValueError, "expected x of shape (N, D), N > 0, got (4, 3, 2)"),
        ({"x": (0, 3)}, "train", ValueError, "expected x of shape (N, D), N > 0, got (0, 3)"),
        ({"gamma": (4,)}, "train", ValueError, "gamma has shape (4,), expected (3,)"),
        ({"beta": (3, 1)}, "test", ValueError, "beta has shape (3, 1), expected (3,)"),
        ({"x": None}, "train", TypeError, "expected an array or a Tensor, got list"),
    ],
)
def test_bad_input_raises_and_leaves_the_dictionary_alone(device, changes, mode, kind, message):
    shapes = {**ONES, **changes}
    arrays = [
        [[1.0]] if shape is None else raw(np.ones(shape, np.float32), device)
        for shape in shapes.values()
    ]
    bn_param = {"mode": mode}
    with pytest.raises(kind, match=re.escape(message)):
        cs231n.batchnorm_forward(*arrays, bn_param)
    assert bn_param == {"mode": mode}


def test_backward_of_a_test_forward_says_what_to_do():
    with pytest.raises(ValueError, match=re.escape("run it with bn_param['mode'] = 'train'")):
        cs231n.batchnorm_backward(np.ones((4, 3)), None)


def test_backward_refuses_a_gradient_of_another_shape():
    x = np.random.default_rng(0).standard_normal((4, 3))
    _, cache = cs231n.batchnorm_forward(x, np.ones(3), np.zeros(3), {"mode": "train"})
    with pytest.raises(ValueError, match=re.escape("dout has shape (3,), expected (4, 3)")):
        cs231n.batchnorm_backward(np.ones(3), cache)
