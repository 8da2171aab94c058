"""What a program can't hold is an error that says what, where, and what to do instead."""

from __future__ import annotations

import inspect
import random
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.capture import CaptureError
from minigrad_bn import BatchNorm1d

from .training import Training, bits

NO_BRANCHES = (
    "a program computes, and has no branches: use mg.where(condition, a, b), return the value and "
    "look at it outside, or hand a Python value in as an argument, which captures anew"
)


def line_with(text: str) -> str:
    """`file:line` of the first line of this file after the caller's first that holds `text`."""
    frame = inspect.stack()[1]
    lines, first = inspect.getsourcelines(frame.frame.f_code)
    place = next(i for i, line in enumerate(lines) if text in line)
    return f"{__file__}:{first + place}"


def refused(step: Callable[..., Any], *args: Any) -> str:
    """The whole message of a step that can't be captured."""
    with pytest.raises(CaptureError) as caught:
        mg.capture(step)(*args)
    return str(caught.value)


asked = {
    "the truth of a Tensor (`if`, `while`, `and`, bool)": lambda x: 1 if x else 2,
    "float(tensor)": lambda x: float(x),
    "int(tensor)": lambda x: int(x),
    "complex(tensor)": lambda x: complex(x),
    "tensor.item()": lambda x: x.item(),
    "tensor.tolist()": lambda x: x.tolist(),
    "tensor.numpy()": lambda x: x.detach().numpy(),
    "np.asarray(tensor)": lambda x: np.asarray(x),
    "print(tensor)": lambda x: str(x),
    "a Tensor as an index": lambda x: [1, 2, 3][mg.astype(x, mg.int64)],
    "a move to another device": lambda x: x.to("strict"),
}


@pytest.mark.parametrize("what", asked)
def test_asking_for_a_value(what: str) -> None:
    ask = asked[what]
    where = f"{__file__}:{ask.__code__.co_firstlineno}"
    message = f"capture: {what} asks for a value, at {where}; {NO_BRANCHES}"
    assert refused(ask, mg.asarray(1.0)) == message


def test_a_branch_on_a_raw_array() -> None:
    def step(x: np.ndarray) -> Any:
        if x.sum() > 0:  # the branch
            return x
        return -x

    where = line_with("# the branch")
    assert refused(step, np.ones(2)) == (
        "capture: the truth of a value (`if`, `while`, `and`, bool) asks for a value, at "
        f"{where}; {NO_BRANCHES}"
    )


def test_a_shape_that_depends_on_values() -> None:
    def masked(x: mg.Tensor) -> mg.Tensor:
        return x[x > 0]  # the mask

    def counted(x: mg.Tensor) -> Any:
        return mg.nonzero(x)  # the places

    way_out = "a program has fixed shapes: use"
    assert refused(masked, mg.ones(3)) == (
        f"capture: the shape of x[mask] depends on values, at {line_with('# the mask')}; {way_out} "
        "mg.where(mask, x, 0)"
    )
    assert refused(counted, mg.ones(3)) == (
        f"capture: the shape of np.nonzero depends on values, at {line_with('# the places')}; "
        f"{way_out} a mask and mg.where(mask, x, 0)"
    )


def test_a_numpy_array_that_the_step_refers_to() -> None:
    weights = np.ones(3)
    assert refused(lambda x: x * weights, mg.ones(3)) == (
        "capture: the step refers to the NumPy array 'weights', whose values would be those of now "
        "for ever; hand it over as an argument, or make it a Tensor by mg.asarray(...) outside"
    )


def test_an_array_that_comes_from_nowhere() -> None:
    def step(x: mg.Tensor) -> mg.Tensor:
        return x * mg.asarray(np.random.default_rng(0).normal(size=3))  # from nowhere

    assert refused(step, mg.ones(3)) == (
        "capture: an array comes in that the step was not given, at "
        f"{line_with('# from nowhere')}; hand it over as an argument, or make it a Tensor outside: "
        "mg.asarray(array)"
    )


def test_a_raw_array_among_raw_arrays() -> None:
    def step(x: np.ndarray) -> Any:
        return x * np.arange(3.0)  # from nowhere

    assert refused(step, np.ones(3)) == (
        "capture: an array comes in that the step was not given, at "
        f"{line_with('# from nowhere')}; hand it over as an argument, or make it a Tensor outside: "
        "mg.asarray(array)"
    )


class Hidden:
    """An object of a library's, as far as capture can see: it is not looked into."""

    __module__ = "json"
    tensor = mg.ones(3)


def test_a_tensor_that_can_not_be_seen_and_the_way_out() -> None:
    hidden = Hidden()

    def step(x: mg.Tensor) -> mg.Tensor:
        return x * hidden.tensor  # unseen

    assert refused(step, mg.ones(3)) == (
        "capture: a Tensor comes in that the step does not refer to in a way that can be seen, at "
        f"{line_with('# unseen')}; hand it over as an argument, or as state: mg.capture(step, "
        'state=[tensor]); one that the step makes itself needs no device="cpu"'
    )
    captured = mg.capture(step, state=[hidden.tensor])
    assert bits(captured(mg.ones(3))) == bits(mg.ones(3))
    hidden.tensor[...] = mg.zeros(3)
    assert bits(captured(mg.ones(3))) == bits(mg.zeros(3))
    hidden.tensor[...] = mg.ones(3)


def test_a_tensor_with_a_graph_of_its_own() -> None:
    w = mg.ones(2, requires_grad=True)
    y = w * 2  # the graph
    assert refused(lambda x: mg.sum(x), y) == (
        f"capture: 'x' is the result of multiply, recorded at {line_with('# the graph')}, so the "
        "graph of the step would begin outside it; hand over x.detach(), or compute it inside the "
        "step"
    )


def test_another_backend() -> None:
    assert refused(lambda x: x, mg.ones(2, device="strict")) == (
        "capture: 'x' is on strict, and a program is made of NumPy's calls; move it, as in "
        "x.to('cpu')"
    )


@pytest.mark.parametrize("name", ["random", "numpy.random"])
def test_random_numbers_that_are_not_minigrads(name: str) -> None:
    draw = {"random": random.random, "numpy.random": np.random.rand}[name]
    assert refused(lambda x: x * float(draw()), mg.ones(2)) == (
        f"capture: the step draws from `{name}`, and a replay would not draw anew; draw from "
        "mg.random"
    )


def test_a_draw_that_no_program_repeats() -> None:
    generator = mg.random.Generator(0)

    def step() -> mg.Tensor:
        return mg.random.normal((2,), generator=generator.spawn())  # the spawn

    state = generator.state_dict()
    assert refused(step) == (
        "capture: generator.bytes is no draw that a program repeats, at "
        f"{line_with('# the spawn')}; draw by mg.random.uniform, normal, bernoulli or permutation; "
        "spawn outside"
    )
    assert generator.state_dict() == state


def test_the_state_of_a_generator() -> None:
    def step() -> Any:
        return mg.random.default_generator().state_dict()  # the state

    assert refused(step) == (
        "capture: the state of a generator is asked for, or set, at "
        f"{line_with('# the state')}; do so outside the step"
    )


def test_a_write_into_what_the_step_was_given() -> None:
    w = mg.ones(3)

    def step(x: mg.Tensor) -> None:
        w.data += x.data  # in place

    assert refused(step, mg.ones(3)) == (
        "capture: an array that the step was given is written to in place, at "
        f"{line_with('# in place')}; values never change: bind a new one, as in "
        "`p.data = p.data - lr * g`"
    )
    assert bits(w) == bits(mg.ones(3))


OUTSIDE = (
    "and a replay would not; change it outside the step, or keep it in a Tensor that is given a "
    "new value: x[...] = value"
)


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.seen: list[Any] = []

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        self.calls += 1
        return x * self.calls


def test_an_attribute_that_the_step_changes() -> None:
    model = Counting()
    assert refused(lambda x: model(x), mg.ones(2)) == (
        f"capture: the step changes model.calls from 0 to 1, {OUTSIDE}"
    )
    assert model.calls == 0


def test_a_list_that_the_step_appends_to() -> None:
    history: list[Any] = []
    assert refused(lambda x: history.append(x), mg.ones(2)) == (
        f"capture: the step changes history[0] from nothing to a Tensor, {OUTSIDE}"
    )
    assert history == []


def test_a_schedule_that_steps_inside() -> None:
    training = Training()
    schedule = optim.lr_scheduler.StepLR(training.optimizer, 1)

    def step(x: mg.Tensor, t: mg.Tensor) -> None:
        training.step(x, t)
        schedule.step()

    assert refused(step, mg.ones((4, 2)), mg.asarray([0, 1, 2, 0])).startswith(
        "capture: float(number) asks for a value, at"
    )


def test_a_state_that_keeps_its_graph() -> None:
    w = mg.ones(3, requires_grad=True)
    h = mg.zeros(3)

    def step(x: mg.Tensor) -> None:
        h[...] = mg.tanh(w * x + h)  # the graph

    assert refused(step, mg.ones(3)) == (
        f"capture: 'h' keeps a graph, index_set, recorded at {line_with('# the graph')} after the "
        "step, and not before, which a replay would not repeat; assign a value without history, as "
        "in x[...] = y.detach(), and call requires_grad_() outside"
    )
    assert bits(h) == bits(mg.zeros(3)) and h.is_leaf


def test_an_array_that_is_kept_beyond_the_step() -> None:
    kept = Hidden()

    def step(x: mg.Tensor) -> None:
        kept.tensor = x * 2  # type: ignore[misc]

    mg.capture(step)(mg.ones(2))
    with pytest.raises(CaptureError) as caught:
        kept.tensor * 2  # afterwards
    assert str(caught.value) == (
        "capture: an array of a captured step is used after it has ended, at "
        f"{line_with('# afterwards')}; return what is wanted of a step, do not keep it elsewhere"
    )


def test_a_derivative_through_what_a_captured_step_returned() -> None:
    w = mg.ones(2, requires_grad=True)
    captured = mg.capture(lambda x: mg.sum(w * x))
    for _ in range(2):
        y = captured(mg.ones(2))
        with pytest.raises(ValueError, match="this Tensor does not require grad") as caught:
            y.backward()
        assert re.fullmatch(
            r"backward: this Tensor does not require grad: it was computed from the result of a "
            r"step captured at .*test_refusals.py:\d+, which leaves no graph",
            str(caught.value),
        )
        with pytest.raises(RuntimeError) as caught_too:
            (y * mg.sum(w)).backward()
        assert str(caught_too.value).endswith(
            "which leaves no graph, so it cannot be differentiated; call backward() inside the "
            "step, or detach() it if it is meant as a constant"
        )


def test_no_function_and_no_call_yet() -> None:
    with pytest.raises(TypeError, match=r"^capture: expected a function, got a int$"):
        mg.capture(3)  # type: ignore[arg-type]
    with pytest.raises(
        AttributeError, match=r"^capture: there is no program before the first call"
    ):
        _ = mg.capture(lambda x: x).program


def test_what_the_step_itself_refuses_is_refused_and_changes_nothing() -> None:
    for warm in (False, True):
        training = Training("mlp with batch norm", "Adam")
        step = mg.capture(training.step)
        x, t = mg.ones((4, 2)), mg.asarray([0, 1, 2, 0])
        if warm:
            for _ in range(3):
                step(x, t)
        before = training.left()
        with pytest.raises(IndexError, match=r"^cross_entropy: target holds 3, expected 0 to 2"):
            step(x, mg.asarray([0, 1, 3, 0]))
        with pytest.raises(
            ValueError, match=r"^BatchNorm1d: expected more than 1 value per channel"
        ):
            step(x[:1, :], t[:1])
        assert training.left() == before
        step(x, t)


def test_a_batch_norm_whose_parameters_are_frozen_warns_once() -> None:
    model = BatchNorm1d(2)
    model.requires_grad_(False)
    captured = mg.capture(lambda x: model(x))
    x = mg.asarray(np.random.default_rng(0).normal(size=(4, 2)).astype("float32"))
    with pytest.warns(UserWarning, match="the running statistics still move"):
        captured(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            captured(x)
    assert len(captured.programs) == 2
