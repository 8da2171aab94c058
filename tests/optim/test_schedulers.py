"""Schedules against PyTorch's, step by step, resumed and chained."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import nn, optim
from minigrad.testing.oracles import torch
from minigrad.testing.suite.checks import needs_torch

# Each schedule as a function of the library's lr_scheduler and an optimiser.
schedules: dict[str, Callable[[Any, Any], Any]] = {
    "StepLR": lambda s, o: s.StepLR(o, 3, 0.5),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 5, 0.01),
    "CosineAnnealingLR in one": lambda s, o: s.CosineAnnealingLR(o, 1),
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda t: 0.9**t),
    "LambdaLR each": lambda s, o: s.LambdaLR(o, [lambda t: t, lambda t: 1 / (1 + t)]),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 1.0, total_steps=25),
    "OneCycleLR linear": lambda s, o: s.OneCycleLR(
        o, [1.0, 0.5], None, 5, 5, 0.4, "linear", False, div_factor=10, final_div_factor=100
    ),
    "OneCycleLR three phases": lambda s, o: s.OneCycleLR(
        o, 0.3, 25, three_phase=True, base_momentum=0.5, max_momentum=0.9
    ),
}
every_schedule = pytest.mark.parametrize("name", schedules)
STEPS = 25


def make(library: Any, name: str = "SGD") -> Any:
    """An optimiser with two groups."""
    p, q = (
        (nn.Parameter([0.0]), nn.Parameter([0.0]))
        if library is optim
        else (torch.ones(1), torch.ones(1))
    )
    kwargs = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(library, name)([{"params": [p]}, {"params": [q], "lr": 0.3}], lr=0.1, **kwargs)


def hyperparameters(optimizer: Any) -> list[float]:
    """What a schedule may set, of every group."""
    found: list[float] = []
    for group in optimizer.param_groups:
        keys = ("lr", "initial_lr", "momentum")
        found += [group[key] for key in keys if key in group] + list(group.get("betas", ()))
    return found


@every_schedule
@needs_torch
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_rates_and_momenta_equal_pytorchs(name: str, optimizer: str) -> None:
    ours, theirs = make(optim, optimizer), make(torch.optim, optimizer)
    schedule = schedules[name](optim.lr_scheduler, ours)
    expected = schedules[name](torch.optim.lr_scheduler, theirs)
    for _ in range(STEPS - 1):
        assert hyperparameters(ours) == pytest.approx(hyperparameters(theirs), rel=1e-9, abs=1e-12)
        assert schedule.get_last_lr() == pytest.approx(expected.get_last_lr(), rel=1e-9, abs=1e-12)
        schedule.step()
        expected.step()


@every_schedule
@given(at=st.integers(0, STEPS - 2))
def test_a_resumed_schedule_is_equal_bit_for_bit(name: str, at: int) -> None:
    ours = make(optim)
    schedule = schedules[name](optim.lr_scheduler, ours)
    for _ in range(at):
        schedule.step()
    saved = json.loads(json.dumps([ours.state_dict(), schedule.state_dict()]))
    resumed = make(optim)
    again = schedules[name](optim.lr_scheduler, resumed)
    resumed.load_state_dict(saved[0])
    again.load_state_dict(saved[1])
    for _ in range(at, STEPS - 1):
        schedule.step()
        again.step()
        assert hyperparameters(ours) == hyperparameters(resumed)


@needs_torch
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_schedules_can_be_chained() -> None:
    ours, theirs = make(optim), make(torch.optim)
    pairs = [
        [s.CosineAnnealingLR(o, 30), s.StepLR(o, 4, 0.5)]
        for s, o in ((optim.lr_scheduler, ours), (torch.optim.lr_scheduler, theirs))
    ]
    for _ in range(20):
        for a, b in zip(*pairs, strict=True):
            a.step()
            b.step()
        assert hyperparameters(ours) == pytest.approx(hyperparameters(theirs), rel=1e-9)


@needs_torch
@pytest.mark.filterwarnings("ignore::UserWarning")
@given(last=st.integers(0, 12))
def test_last_epoch_is_where_to_go_on_from(last: int) -> None:
    ours, theirs = make(optim), make(torch.optim)
    for group in (*ours.param_groups, *theirs.param_groups):
        group["initial_lr"] = 0.2
    schedule = optim.lr_scheduler.CosineAnnealingLR(ours, 5, last_epoch=last)
    expected = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 5, last_epoch=last)
    for _ in range(7):
        schedule.step()
        expected.step()
        assert hyperparameters(ours) == pytest.approx(hyperparameters(theirs), rel=1e-9, abs=1e-12)


def test_cosine_is_the_formula() -> None:
    optimizer = make(optim)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, 10, 0.02)
    for t in range(35):
        expected = 0.02 + (0.1 - 0.02) * (1 + math.cos(math.pi * t / 10)) / 2
        assert schedule.get_last_lr()[0] == pytest.approx(expected, abs=1e-12)
        schedule.step()


lr = optim.lr_scheduler
bad: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: lr.StepLR(make(optim), 0), ValueError, "StepLR: step_size is 0, expected at least 1"),
    (lambda: lr.StepLR(None, 1), TypeError, "StepLR: NoneType is no Optimizer"),
    (lambda: lr.StepLR(make(optim), 1, last_epoch=3), KeyError, "group 0 has no 'initial_lr'"),
    (lambda: lr.CosineAnnealingLR(make(optim), 0), ValueError, "CosineAnnealingLR: T_max is 0"),
    (lambda: lr.LambdaLR(make(optim), [abs]), ValueError, "LambdaLR: 1 functions for 2 groups"),
    (lambda: lr.OneCycleLR(make(optim), 1.0), ValueError, "OneCycleLR: total_steps is None; pass"),
    (lambda: lr.OneCycleLR(make(optim), 1.0, 9, pct_start=2), ValueError, "pct_start is 2"),
    (lambda: lr.OneCycleLR(make(optim), 1.0, 9, anneal_strategy="exp"), ValueError,
     "anneal_strategy is 'exp', expected 'cos' or 'linear'"),
    (lambda: lr.OneCycleLR(make(optim), [1.0], 9), ValueError, "max_lr has 1 values for 2 groups"),
    (lambda: lr.OneCycleLR(optim.Optimizer([nn.Parameter([0.0])], {"lr": 0.1}), 1.0, 9), ValueError,
     "OneCycleLR: Optimizer has no momentum; pass cycle_momentum=False"),
    (lambda: lr.StepLR(make(optim), 2).load_state_dict({"gamma": 1}), KeyError,
     "StepLR.load_state_dict: missing .*last_epoch"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), bad, ids=[b[2][:40] for b in bad])
def test_bad_input_is_explained(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_step_beyond_the_cycle_is_refused_and_the_rates_stay() -> None:
    optimizer = make(optim)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=2)
    schedule.step()
    schedule.step()
    before = hyperparameters(optimizer)
    with pytest.raises(ValueError, match="OneCycleLR: step 3 of a cycle of 2 steps"):
        schedule.step()
    assert hyperparameters(optimizer) == before
