"""Kernels of the optimisers' updates: bit for bit what the definition computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, optim
from minigrad.backends import get, use_kernels
from minigrad.kernels import elementwise, threads
from minigrad.optim.adam import adam_update
from minigrad.optim.rmsprop import rmsprop_update
from minigrad.optim.sgd import sgd_update
from minigrad.testing.budget import examples
from minigrad.testing.layout import LAYOUTS, lay_out
from minigrad.testing.strategies.arrays import seeds

from .test_trajectories import beta, eps, flags, lr

xp = get("numpy").xp
libraries = pytest.mark.parametrize("library", ["numpy", "numba"])
numbers = st.sampled_from([0.0, 0.3, 0.9])
# The smallest is 0 in float32, but it is there.
momentum = decay = st.sampled_from([0, 0.5, 0.9, 1e-60])

options = {
    sgd_update: st.fixed_dictionaries(
        {
            "lr": lr,
            "momentum": momentum,
            "dampening": numbers,
            "weight_decay": decay,
            "nesterov": flags,
            "maximize": flags,
        }
    ),
    adam_update: st.fixed_dictionaries(
        {
            "step": st.integers(1, 1000),
            "lr": lr,
            "betas": st.tuples(beta, beta),
            "eps": eps,
            "weight_decay": decay,
            "amsgrad": flags,
            "decoupled": flags,
            "maximize": flags,
        }
    ),
    rmsprop_update: st.fixed_dictionaries(
        {
            "lr": lr,
            "alpha": numbers,
            "eps": eps,
            "weight_decay": decay,
            "momentum": momentum,
            "centered": flags,
            "maximize": flags,
        }
    ),
}
STATE = {
    sgd_update: lambda o: [bool(o["momentum"])],
    adam_update: lambda o: [True, True, o["amsgrad"]],
    rmsprop_update: lambda o: [True, o["centered"], bool(o["momentum"])],
}
"""Which state there is after the first step, by the options."""

every_update = pytest.mark.parametrize("update", options, ids=lambda update: update.name)
special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-30, 3e38])


def drawn(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: str, layout: str, there: list[bool]
) -> list[Any]:
    """A parameter, its gradient and its state, with numbers among them that are none."""
    arrays: list[Any] = []
    for i, is_there in enumerate([True, True, *there]):
        x = rng.normal(size=shape)
        if rng.random() < 0.5:
            x = np.where(rng.random(shape) < 0.3, rng.choice(special, shape), x)
        # What is square stays so: a root of less than zero is a NaN, but of any sign.
        x = lay_out((np.abs(x) if i > 1 else x).astype(dtype), layout)
        arrays.append(x if is_there else None)
    return arrays


@every_update
@libraries
@examples(0.6)
@given(
    shape=st.sampled_from([(1,), (5,), (3, 7), (2, 3, 4), (0,), (40, 130)]),
    dtype=st.sampled_from(["float32", "float64"]),
    layout=st.sampled_from(LAYOUTS),
    seed=seeds,
    data=st.data(),
)
def test_each_bit_is_that_of_the_definition_with_any_option(
    update: Any, library: str, shape: Any, dtype: str, layout: str, seed: int, data: Any
) -> None:
    chosen = data.draw(options[update])
    there = STATE[update](chosen)
    if library == "numpy" and data.draw(flags):
        there = [False] * len(there)  # the first step
    arrays = drawn(np.random.default_rng(seed), shape, dtype, layout, there)
    before = [None if x is None else x.copy() for x in arrays]
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(elementwise, "BLOCK", data.draw(st.sampled_from([7, 1000, 32768])))
        expected = update.definition(xp, *arrays, **chosen)
        with use_kernels(library, least=0) as ran:
            found = update(xp, *arrays, **chosen)
    assert ran == {update.name: 1}
    for a, e in zip(found, expected, strict=True):
        if e is None:
            assert a is None
        else:
            assert (a.dtype, a.shape) == (e.dtype, e.shape)
            np.testing.assert_array_equal(a, e)
            np.testing.assert_array_equal(np.signbit(a)[a == a], np.signbit(e)[e == e])
            assert not any(np.shares_memory(a, x) for x in arrays if x is not None)
    for x, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(x, b)


@every_update
@examples(0.2)
@given(library=st.sampled_from(["numpy", "numba"]), odd=st.integers(1, 4), data=st.data())
def test_what_is_not_alike_is_left_to_the_definition(
    update: Any, library: str, odd: int, data: Any
) -> None:
    """One array in another dtype; numba's kernels leave it the first step, too."""
    chosen = data.draw(options[update])
    arrays = drawn(np.random.default_rng(0), (2, 3), "float32", "C", STATE[update](chosen))
    there = [i for i, x in enumerate(arrays) if x is not None]
    i = there[odd % len(there)]
    absent = library == "numba" and i > 1 and data.draw(flags)
    arrays[i] = None if absent else arrays[i].astype("float64")
    with use_kernels(library, least=0) as ran, np.errstate(all="ignore"):
        found = update(xp, *arrays, **chosen)
        expected = update.definition(xp, *arrays, **chosen)
    assert not ran
    for a, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, e)


@libraries
@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("SGD", {"momentum": 0.9, "nesterov": True}),
        ("AdamW", {"amsgrad": True}),
        ("RMSprop", {"momentum": 0.5, "centered": True}),
    ],
)
def test_steps_of_a_large_parameter_are_those_of_the_definition_on_any_number_of_threads(
    name: str, kwargs: Any, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    value, *gradients = rng.normal(size=(4, 300, 211)).astype("float32")
    found = []
    for which, count in (("none", 1), (library, 1), (library, 3)):
        monkeypatch.setattr(threads, "num_threads", count)
        p = nn.Parameter(mg.asarray(value))
        optimizer = getattr(optim, name)([p], lr=0.01, **kwargs)
        with use_kernels(which, least=0) as ran:
            for g in gradients:
                p.grad = mg.asarray(g)
                optimizer.step()
        assert bool(ran) == (which != "none")
        found.append([p.data, *[x for x in optimizer.state[p].values() if np.ndim(x)]])
    for one in found[1:]:
        for a, e in zip(one, found[0], strict=True):
            np.testing.assert_array_equal(a, e)
