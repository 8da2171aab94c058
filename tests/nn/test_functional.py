"""Every function of minigrad.nn.functional: value, first and second gradient, against PyTorch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.nn import functional as F
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import cotangent_for, gradients, second_gradients, value
from minigrad.testing.layout import lay_out
from minigrad.testing.oracles import torch, torch_derivatives
from minigrad.testing.strategies.arrays import layouts, seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close

from .call import Call
from .calls import calls

every_function = pytest.mark.parametrize("name", calls)


def oracle(call: Call) -> Any:
    def function(*inputs: Any) -> Any:
        with warnings.catch_warnings():
            # PyTorch warns of an even kernel with padding="same", and that it copies.
            warnings.simplefilter("ignore")
            return call.of(torch.nn.functional)(*inputs)

    return function


def test_every_public_function_has_calls() -> None:
    drawn_elsewhere = {"dropout", "one_hot"}
    assert set(F.__all__) == set(calls) | drawn_elsewhere


@every_function
@needs_torch
@examples(0.6)
@given(data=st.data())
def test_value_and_gradients_equal_pytorchs(name: str, device: Any, data: Any) -> None:
    call: Call = data.draw(calls[name])
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    rng = np.random.default_rng(data.draw(seeds))
    # The truth is PyTorch in float64, at the point that float32 can represent.
    single = call.cast(dtype)
    truth = single.cast("float64")
    y = value(single.of(F), single.inputs, device)
    u = cotangent_for(y, rng)
    expected, slopes, _ = torch_derivatives(
        oracle(truth), truth.inputs, truth.wanted, u.astype("float64")
    )
    assert y.dtype == dtype
    assert_close(y, expected, f"{call}", terms=call.terms, magnitude=call.magnitude())
    found = gradients(single.of(F), single.inputs, single.wanted, u, device)
    for i, g, e in zip(call.wanted, found, slopes, strict=True):
        assert g.dtype == dtype
        magnitude = call.magnitude(u, e, order=1)
        assert_close(g, e, f"{call}: by input {i}", terms=call.terms, magnitude=magnitude)


@every_function
@needs_torch
@examples(0.4)
@given(data=st.data())
def test_second_gradients_equal_pytorchs(name: str, device: Any, data: Any) -> None:
    call: Call = data.draw(calls[name])
    rng = np.random.default_rng(data.draw(seeds))
    u = cotangent_for(value(call.of(F), call.inputs, device), rng)
    directions = [cotangent_for(call.inputs[i], rng) for i in call.wanted]
    _, first, expected = torch_derivatives(oracle(call), call.inputs, call.wanted, u, directions)
    found = second_gradients(call.of(F), call.inputs, call.wanted, u, directions, device)
    for by, a, e in zip([*call.wanted, "the cotangent"], found, expected, strict=True):
        magnitude = call.magnitude(u, directions, first, e, order=2)
        assert_close(a, e, f"{call}: by {by}", terms=call.terms, magnitude=magnitude)


@every_function
@examples(0.3)
@given(data=st.data(), layout=layouts)
def test_result_does_not_depend_on_the_layout_in_memory(
    name: str, device: Any, data: Any, layout: str
) -> None:
    call: Call = data.draw(calls[name])
    u = cotangent_for(
        value(call.of(F), call.inputs, device), np.random.default_rng(data.draw(seeds))
    )
    # Repeated rows would be another call.
    layout = "reversed" if layout == "stride 0" else layout
    inputs = [lay_out(x, layout) for x in call.inputs]
    before = [x.copy() for x in inputs]
    expected = gradients(call.of(F), call.inputs, call.wanted, u, device)
    found = gradients(call.of(F), inputs, call.wanted, lay_out(u, layout), device)
    for g, e in zip(found, expected, strict=True):
        magnitude = call.magnitude(u, e, order=1)
        assert_close(g, e, f"{call} {layout}", terms=call.terms, magnitude=magnitude)
    for x, kept in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, kept, err_msg="an input was written to")
