"""State dicts of optimisers: bit for bit, all or nothing, and PyTorch's both ways."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad import optim
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.oracles import torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch

from .training import Twins, give_gradients, make_parameters

optimizers: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda ps: optim.SGD(ps, 0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
    "Adam": lambda ps: optim.Adam(ps, 0.1, amsgrad=True),
    "AdamW": lambda ps: optim.AdamW(ps, 0.1),
    "RMSprop": lambda ps: optim.RMSprop(ps, 0.1, momentum=0.9, centered=True),
}
every_optimizer = pytest.mark.parametrize("name", optimizers)


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    """Arrays as NumPy's, all else as JSON: what a checkpoint keeps."""
    numbers, arrays = {}, {}
    for n, entries in state["state"].items():
        arrays[n] = {k: v.numpy() for k, v in entries.items() if isinstance(v, mg.Tensor)}
        numbers[n] = {k: v for k, v in entries.items() if not isinstance(v, mg.Tensor)}
    rest = json.loads(json.dumps({"state": numbers, "param_groups": state["param_groups"]}))
    rest["state"] = {n: {**rest["state"][str(n)], **arrays[n]} for n in arrays}
    return rest


@every_optimizer
@examples(0.5)
@given(seed=seeds)
def test_a_resumed_training_is_equal_bit_for_bit(name: str, device: Any, seed: int) -> None:
    build = optimizers[name]
    rng = np.random.default_rng(seed)
    parameters = make_parameters(rng, device, "float32")
    optimizer = build(parameters)
    for _ in range(3):
        give_gradients(rng, parameters)
        optimizer.step()
    saved = optimizer.state_dict()
    at_the_save = copy.deepcopy(parameters)
    later = copy.deepcopy(rng)

    for _ in range(4):
        give_gradients(rng, parameters)
        optimizer.step()
    resumed = build(at_the_save)
    resumed.load_state_dict(through_a_file(saved))
    for _ in range(4):
        give_gradients(later, at_the_save)
        resumed.step()
    for p, q in zip(parameters, at_the_save, strict=True):
        np.testing.assert_array_equal(to_numpy(p), to_numpy(q))


@every_optimizer
@needs_torch
@pytest.mark.parametrize("direction", ["to PyTorch", "from PyTorch"])
def test_state_moves_between_the_libraries(name: str, direction: str, device: Any) -> None:
    kwargs = {"RMSprop": {"centered": True, "momentum": 0.5}, "SGD": {"momentum": 0.5}}
    chosen = kwargs.get(name, {"amsgrad": True})
    twins = Twins(name, np.random.default_rng(5), device, "float64", chosen)
    for _ in range(3):
        twins.step()
    if direction == "to PyTorch":
        state = twins.optimizer.state_dict()
        state["state"] = {
            n: {k: torch.asarray(v.numpy()) if isinstance(v, mg.Tensor) else torch.tensor(float(v))
                for k, v in s.items()}
            for n, s in state["state"].items()
        }  # fmt: skip
        twins.oracle = twins.build(torch.optim, name, twins.theirs)
        twins.oracle.load_state_dict(state)
    else:
        twins.optimizer = twins.build(mg.optim, name, twins.ours)
        twins.optimizer.load_state_dict(twins.oracle.state_dict())
    for _ in range(3):
        twins.step()
    twins.assert_equal()


def test_a_state_dict_is_a_snapshot() -> None:
    rng = np.random.default_rng(0)
    parameters = make_parameters(rng, "cpu")
    optimizer = optim.SGD(parameters, 0.1, momentum=0.9)
    give_gradients(rng, parameters, share=1)
    optimizer.step()
    state = optimizer.state_dict()
    before = state["state"][0]["momentum_buffer"].numpy()
    optimizer.param_groups[0]["lr"] = 7
    give_gradients(rng, parameters, share=1)
    optimizer.step()
    np.testing.assert_array_equal(state["state"][0]["momentum_buffer"].numpy(), before)
    assert state["param_groups"][0]["lr"] == 0.1
    assert state["param_groups"][0]["params"] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["param_groups"].append({"params": []}),
         r"groups of \[5, 0\] parameters in the state dict, of \[5\] in the optimiser; nothing"),
        (lambda s: s["param_groups"][0]["params"].pop(), r"groups of \[4\] parameters"),
        (lambda s: s["state"].update({9: {}}), r"state for parameters \[9\], which are in"),
        (lambda s: s["state"][0].update(momentum_buffer=np.ones(7)),
         r"parameter 0: momentum_buffer has shape \(7,\), expected \(2, 3\); nothing was loaded"),
        (lambda s: s["state"][0].update(momentum_buffer="x"),
         r"parameter 0: momentum_buffer is a str, expected an array; nothing was loaded"),
    ],
)  # fmt: skip
def test_a_state_that_does_not_fit_is_refused_and_nothing_is_loaded(
    change: Callable[[Any], Any], message: str
) -> None:
    rng = np.random.default_rng(0)
    parameters = make_parameters(rng, "cpu")
    optimizer = optim.SGD(parameters, 0.1, momentum=0.9)
    give_gradients(rng, parameters, share=1)
    optimizer.step()
    state = optimizer.state_dict()
    change(state)
    state["param_groups"][0]["lr"] = 5.0
    before = optimizer.state[parameters[0]]["momentum_buffer"]
    with pytest.raises(ValueError, match=f"SGD.load_state_dict: {message}"):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert optimizer.state[parameters[0]]["momentum_buffer"] is before
