"""Optimisers against PyTorch, step by step, over their hyperparameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.testing.budget import examples
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch

from .training import Twins

lr = st.sampled_from([1e-3, 0.01, 0.1])
decay = st.sampled_from([0, 1e-2, 0.5])
momentum = st.sampled_from([0, 0.5, 0.9])
beta = st.sampled_from([0.0, 0.5, 0.9, 0.999])
eps = st.sampled_from([1e-8, 1e-2])
flags = st.booleans()


@st.composite
def sgd(draw: st.DrawFn) -> dict[str, Any]:
    kwargs = {"lr": draw(lr), "momentum": draw(momentum), "weight_decay": draw(decay)}
    kwargs["maximize"] = draw(flags)
    if kwargs["momentum"] and draw(flags):
        return {**kwargs, "nesterov": True}
    return {**kwargs, "dampening": draw(st.sampled_from([0, 0.3]))}


adam = st.fixed_dictionaries(
    {
        "lr": lr,
        "betas": st.tuples(beta, beta),
        "eps": eps,
        "weight_decay": decay,
        "amsgrad": flags,
        "maximize": flags,
    }
)
rmsprop = st.fixed_dictionaries(
    {
        "lr": lr,
        "alpha": st.sampled_from([0.5, 0.99]),
        "eps": eps,
        "weight_decay": decay,
        "momentum": momentum,
        "centered": flags,
        "maximize": flags,
    }
)
optimizers = {"SGD": sgd(), "Adam": adam, "AdamW": adam, "RMSprop": rmsprop}
every_optimizer = pytest.mark.parametrize("name", optimizers)


@every_optimizer
@needs_torch
@examples(1)
@given(data=st.data(), seed=seeds)
def test_twelve_steps_equal_pytorchs(name: str, device: Any, data: Any, seed: int) -> None:
    kwargs = data.draw(optimizers[name])
    twins = Twins(name, np.random.default_rng(seed), device, "float64", kwargs)
    for _ in range(12):
        twins.step()
        twins.assert_equal()


@every_optimizer
@needs_torch
@examples(0.3)
@given(seed=seeds)
def test_defaults_and_float32_equal_pytorchs(name: str, device: Any, seed: int) -> None:
    twins = Twins(name, np.random.default_rng(seed), device, "float32", {})
    for _ in range(12):
        twins.step()
        twins.assert_equal()
