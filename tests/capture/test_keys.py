"""One program for each key: what changes the computation captures it anew, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from threading import Event, Thread
from time import sleep
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F
from minigrad_bn import BatchNorm1d, freeze_stats, use_batch_stats

from .training import Training, batches, bits


def count(captured: Any, *calls: tuple[Any, ...]) -> int:
    """How many programs there are after these calls, each of which computes what the step does."""
    for args in calls:
        assert bits(captured(*args)) == bits(captured.function(*args))
    return len(captured.programs)


def drawn(*shape: int, dtype: str = "float32") -> mg.Tensor:
    return mg.asarray(np.random.default_rng(0).normal(size=shape).astype(dtype))


def test_other_values_are_the_same_program() -> None:
    f = mg.capture(lambda x: x * 2)
    assert count(f, (drawn(3),), (drawn(3) + 1,), (drawn(3) * mg.nan,)) == 1


other_arguments: dict[str, tuple[Any, Any]] = {
    "shape": (drawn(3), drawn(4)),
    "dtype": (drawn(3), drawn(3, dtype="float64")),
    "layout": (drawn(3, 3), mg.asarray(drawn(3, 3).data.T)),
    "a number": (2, 3),
    "the kind of a number": (2, 2.0),
    "a truth value": (True, 1),
    "a Tensor or a number": (drawn(), 2.0),
    "a list": ([drawn(2), drawn(2)], [drawn(2)]),
    "requires_grad": (drawn(2), drawn(2).requires_grad_()),
}


@pytest.mark.parametrize("what", other_arguments)
def test_other_arguments_are_another_program(what: str) -> None:
    a, b = other_arguments[what]
    f = mg.capture(lambda x: (sum(x) if isinstance(x, list) else x) * mg.ones(()))
    assert count(f, (a,), (b,), (a,), (b,)) == 2


def test_a_key_word_and_a_position_are_the_same_value() -> None:
    f = mg.capture(lambda x, scale=1.0, *, shift=0.0: x * scale + shift)
    x = drawn(3)
    assert bits(f(x, scale=2.0)) == bits(f(x, 2.0)) == bits(x * 2.0 + 0.0)
    assert bits(f(x, shift=1.0)) == bits(x * 1.0 + 1.0)


def test_the_same_tensor_twice_is_not_two_tensors() -> None:
    def f(a: mg.Tensor, b: mg.Tensor) -> mg.Tensor:
        mg.sum(a * b).backward()
        a.grad, found = None, a.grad
        b.grad = None
        assert found is not None
        return found

    captured = mg.capture(f)
    for _ in range(2):
        x, y = drawn(3).requires_grad_(), (drawn(3) + 1).requires_grad_()
        assert bits(captured(x, y)) == bits(y)
        assert bits(captured(x, x)) == bits(x + x)


def test_an_argument_that_is_also_a_parameter() -> None:
    w = drawn(3).requires_grad_()

    def f(x: mg.Tensor) -> mg.Tensor:
        w.grad = x.grad = None
        mg.sum(x * w * w).backward()
        assert w.grad is not None
        return w.grad

    captured = mg.capture(f)
    others = [(drawn(3) + i).requires_grad_() for i in range(3)]
    for x in (*others, w, *others, w):
        assert bits(captured(x)) == bits(f(x))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = BatchNorm1d(3)
        self.scale = 2.0
        self.options = {"depth": 1}

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        x = self.norm(x) * self.scale
        return x * self.options["depth"] * FACTOR


FACTOR = 1.0


def set_factor(net: Net) -> None:
    global FACTOR
    FACTOR += 1.0


changes: dict[str, Callable[[Net], object]] = {
    "mode": lambda net: net.eval(),
    "attribute": lambda net: setattr(net, "scale", 3.0),
    "entry": lambda net: net.options.update(depth=2),
    "global": set_factor,
    "setting": lambda net: setattr(net.norm, "momentum", 0.5),
    "freezing": lambda net: freeze_stats(net),
    "declined gradient": lambda net: net.norm.weight.requires_grad_(False),
    "another parameter": lambda net: setattr(net.norm, "weight", nn.Parameter(mg.ones(3) * 2)),
    "another dtype": lambda net: net.norm.double(),
    "forward hook": lambda net: net.register_forward_hook(lambda m, a, y: y * 2),
    "gradient hook": lambda net: net.norm.weight.register_hook(lambda g: g * 2),
}


@pytest.mark.parametrize("what", changes)
def test_what_a_net_is_made_of_is_part_of_the_key(what: str) -> None:
    def run(captured: bool) -> list[Any]:
        global FACTOR
        FACTOR = 1.0
        net = Net()

        def step(x: mg.Tensor) -> mg.Tensor:
            y = net(x)
            mg.sum(y * y).backward()
            return y

        call = mg.capture(step) if captured else step
        found = []
        for i in range(8):
            if i == 4:
                changes[what](net)
            found.append(bits(call(drawn(5, 3) + i)))
            found += [bits(t) for t in net.state_dict().values()]
            found += [None if p.grad is None else bits(p.grad) for p in net.parameters()]
        return found

    assert run(True) == run(False)


def test_new_values_from_outside_are_not() -> None:
    training = Training("mlp with batch norm", "Adam")
    step = mg.capture(training.step)
    for i, (x, t) in enumerate(islice(batches((2,)), 6)):
        if i == 3:
            for p in training.model.parameters():
                p.data = p.data * 0.5
            training.optimizer.load_state_dict(training.optimizer.state_dict())
        step(x, t)
    assert len(step.programs) == 2


def test_switches_are_part_of_the_key() -> None:
    net = Net().eval()
    w = drawn(3).requires_grad_()

    def f(x: mg.Tensor) -> mg.Tensor:
        y = net(x) + mg.zeros((3,)) * w
        return mg.asarray(float(y.requires_grad)) + mg.sum(mg.astype(y, mg.float64))

    f = mg.capture(f)
    x = drawn(4, 3)
    for switch in (mg.no_grad(), use_batch_stats(net), mg.backends.use_kernels("none")):
        n = len(f.programs)
        assert count(f, (x,)) >= 1
        n = len(f.programs)
        with switch:
            assert count(f, (x,), (x,)) == n + 1
    try:
        mg.set_default_dtype("float64")
        assert count(f, (x,)) == 5
    finally:
        mg.set_default_dtype("float32")


def test_no_running_statistics_move_where_none_may() -> None:
    norm = BatchNorm1d(3)
    f = mg.capture(lambda x: norm(x))
    f(drawn(4, 3))
    before = bits(norm.running_mean)
    with mg.autograd.modes.no_state_update():
        for _ in range(2):
            f(drawn(4, 3))
    assert bits(norm.running_mean) == before


def test_a_hyperparameter_that_moves_is_an_input_from_then_on() -> None:
    def run(captured: bool) -> Any:
        training = Training("mlp", "SGD with all")
        step = mg.capture(training.step) if captured else training.step
        group = training.optimizer.param_groups[0]
        found = []
        for i, (x, t) in enumerate(islice(batches((2,)), 16)):
            group["lr"] = 0.1 / (i + 1)
            if i > 5:
                group["weight_decay"] = 0.5 / i
            if i > 10:
                group["weight_decay"] = 0.0
            found.append((bits(step(x, t)), training.left()))
        return found, len(getattr(step, "programs", "1234"))

    # The first step, the steps after it, those of a weight decay that moves, and of none.
    assert run(True) == run(False)


def test_one_cycle_of_rate_and_momentum() -> None:
    def run(captured: bool) -> Any:
        training = Training("mlp", "SGD with all")
        schedule = optim.lr_scheduler.OneCycleLR(training.optimizer, 0.1, total_steps=12)
        step = mg.capture(training.step) if captured else training.step
        found = []
        for x, t in islice(batches((2,)), 10):
            found.append((bits(step(x, t)), training.left()))
            schedule.step()
        return found, len(getattr(step, "programs", "12"))

    assert run(True) == run(False)


@pytest.mark.parametrize("width", [8, 200])
def test_one_cycle_of_rate_and_betas(width: int) -> None:
    """Of small parameters, and of some so large that a kernel updates them."""

    def run(captured: bool) -> Any:
        mg.random.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, width))
        optimizer = optim.Adam(net.parameters())
        schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=12)

        def train(x: mg.Tensor) -> mg.Tensor:
            optimizer.zero_grad()
            loss = mg.mean(net(x) ** 2)
            loss.backward()
            optimizer.step()
            return loss

        step = mg.capture(train) if captured else train
        found = []
        for i in range(10):
            found += [bits(step(drawn(5, 3) + i)), optimizer.param_groups[0]["betas"]]
            found += [bits(p) for p in net.parameters()]
            schedule.step()
        return found, len(getattr(step, "programs", "12"))

    assert run(True) == run(False)


def test_checks_of_the_librarys_own_lead_to_another_program() -> None:
    def run(captured: bool) -> Any:
        training = Training("mlp", "Adam")
        step = mg.capture(training.step) if captured else training.step
        found = []
        for i, (x, t) in enumerate(islice(batches((2,)), 8)):
            if i % 2:  # a target to ignore
                t = mg.where(mg.arange(12) == 3, -100, t)
            found.append((bits(step(x, t)), training.left()))
        return found, len(getattr(step, "programs", "123"))

    assert run(True) == run(False)


def test_clipping_and_the_search_for_the_first_nan_are_checks_too() -> None:
    training = Training("mlp", "SGD")

    def step(x: mg.Tensor, t: mg.Tensor) -> mg.Tensor:
        training.optimizer.zero_grad()
        F.cross_entropy(training.model(x), t).backward()
        norm = nn.utils.clip_grad_norm_(training.model.parameters(), 0.1, error_if_nonfinite=True)
        training.optimizer.step()
        return norm

    captured = mg.capture(step)
    for x, t in islice(batches((2,)), 4):
        captured(x, t)
    n = len(captured.programs)
    before = training.left()
    with pytest.raises(RuntimeError, match=r"^clip_grad_norm_: the gradients have the norm nan"):
        captured(x * mg.nan, t)
    assert training.left() == before
    with mg.detect_anomaly():
        captured(x, t)
        with pytest.raises(FloatingPointError, match=r"^detect_anomaly: "):
            captured(x * mg.nan, t)
    assert len(captured.programs) == n + 1


def test_a_program_that_departs_has_not_drawn() -> None:
    def run(captured: bool) -> Any:
        training = Training("mlp with batch norm", "SGD")
        step = mg.capture(training.step) if captured else training.step
        found = []
        for i, (x, t) in enumerate(islice(batches((2,)), 8)):
            t = mg.where(mg.arange(12) == 3, -100, t) if i % 2 else t
            found.append((bits(step(x, t)), training.left()))
        return found

    assert run(True) == run(False)


def test_a_step_within_a_step_is_a_part_of_it() -> None:
    inner = mg.capture(lambda x: mg.tanh(x))
    outer = mg.capture(lambda x: inner(x) * 2)
    for x in (drawn(3), drawn(3) + 1):
        assert bits(outer(x)) == bits(mg.tanh(x) * 2)
    assert len(outer.programs) == 1 and not inner.programs


def test_a_method_keeps_its_object() -> None:
    a, b = Training(seed=0), Training(seed=1)
    x, t = next(batches((2,)))
    expected = [bits(Training(seed=i).step(x, t)) for i in (0, 1)]
    assert [bits(mg.capture(each.step)(x, t)) for each in (a, b)] == expected


class Trainer:
    def __init__(self, scale: float) -> None:
        self.model = nn.Linear(2, 1)
        self.scale = scale

    @mg.capture
    def step(self, x: mg.Tensor) -> mg.Tensor:
        self.model.weight.grad = None
        loss = mg.sum(self.model(x)) * self.scale
        loss.backward()
        return loss


def test_a_method_that_is_captured_where_it_is_defined() -> None:
    n = len(Trainer.step.programs)
    a, b = Trainer(1.0), Trainer(2.0)
    for i, trainer in enumerate((a, b, a, b)):
        x = drawn(4, 2) + i
        found = bits(trainer.step(x)), bits(trainer.model.weight.grad)
        assert found == (bits(Trainer.step.function(trainer, x)), bits(trainer.model.weight.grad))
    assert len(Trainer.step.programs) <= n + 4


def test_a_module_is_a_function_too() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    captured = mg.capture(model)
    for i in range(3):
        assert bits(captured(drawn(4, 2) + i)) == bits(model(drawn(4, 2) + i))
    assert len(captured.programs) == 1
    assert "model_" not in captured.program.source and "weight" in captured.program.source


def test_an_optimisers_second_group_has_a_rate_of_its_own() -> None:
    def run(captured: bool) -> Any:
        model = nn.Linear(2, 3)
        model.load_state_dict({"weight": mg.ones((3, 2)), "bias": mg.zeros(3)})
        groups = [{"params": [model.weight], "lr": 0.1}, {"params": [model.bias]}]
        optimizer = optim.SGD(groups, lr=0.01, momentum=0.5)

        def step(x: mg.Tensor) -> mg.Tensor:
            optimizer.zero_grad()
            loss = mg.sum(model(x) ** 2)
            loss.backward()
            optimizer.step()
            return loss

        call = mg.capture(step) if captured else step
        losses = [bits(call(drawn(4, 2))) for _ in range(4)]
        return losses, bits(model.weight), bits(model.bias)

    assert run(True) == run(False)


def test_a_hook_on_an_argument() -> None:
    def gradient(x: mg.Tensor) -> mg.Tensor | None:
        mg.sum(x * x * x).backward()
        g, x.grad = x.grad, None
        return g

    f = mg.capture(gradient)
    x = drawn(3).requires_grad_()
    assert count(f, (x,), (x,)) == 1
    handle = x.register_hook(lambda g: g * 2)
    assert count(f, (x,), (x,)) == 2
    other = (x.detach() + 1).requires_grad_()
    other.register_hook(lambda g: g + 1)
    assert count(f, (other,), (x,), (other,)) == 3
    handle.remove()
    assert count(f, (x,), (other,)) == 3


def test_two_threads_that_call_first_capture_once() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    entered = Event()

    def forward(x: mg.Tensor) -> mg.Tensor:
        entered.set()
        with mg.no_grad():
            y = model(x)
            sleep(0.05)  # while the other thread calls
            return model(x) + y

    captured, x = mg.capture(forward), drawn(2, 3)
    found: list[mg.Tensor] = []
    first = Thread(target=lambda: found.append(captured(x)))
    first.start()
    entered.wait()
    found.append(captured(x))
    first.join()
    assert [bits(y) for y in found] == [bits(forward(x))] * 2
    assert len(captured.programs) == 1


def test_two_threads_that_train_take_their_steps_one_after_the_other_to_begin_with() -> None:
    entered = Event()

    def run(training: Training, together: bool) -> Any:
        def step(x: mg.Tensor, t: mg.Tensor) -> mg.Tensor:
            entered.set()
            sleep(0.05 * together)
            return training.step(x, t)

        call = mg.capture(step) if together else step
        entered.clear()
        first = Thread(target=call, args=given)
        first.start()
        if not together:
            first.join()
        entered.wait()
        call(*given)
        first.join()
        return training.left()

    given = next(batches((2,)))
    assert run(Training("mlp", "Adam"), True) == run(Training("mlp", "Adam"), False)


def test_a_hook_on_a_parameter_that_is_taken_off() -> None:
    p = nn.Parameter(mg.ones(3))

    def gradient(x: mg.Tensor) -> mg.Tensor | None:
        mg.sum(x * p * p).backward()
        g, p.grad = p.grad, None
        return g

    f, x = mg.capture(gradient), drawn(3)
    handle = p.register_hook(lambda g: g * 2)
    assert count(f, (x,), (x,)) == 1
    handle.remove()
    assert count(f, (x,), (x,)) == 2
