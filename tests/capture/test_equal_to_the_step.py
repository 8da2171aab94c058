"""A captured step computes what the step computes: to the last bit, step after step."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F

from .training import Training, batches, bits, nets, optimisers


def trained(captured: bool, net: str, optimiser: str, steps: int = 5) -> list[Any]:
    training = Training(net, optimiser)
    step = mg.capture(training.step) if captured else training.step
    found: list[Any] = []
    for x, t in islice(batches(training.shape), steps):
        found.append(bits(step(x, t)))
        found.append(training.left())
    if captured:
        assert len(step.programs) <= 2, "the first step of an optimiser is another than the others"
    return found


@pytest.mark.parametrize("optimiser", optimisers)
@pytest.mark.parametrize("net", nets)
def test_loss_parameters_gradients_state_buffers_and_draws(net: str, optimiser: str) -> None:
    assert trained(True, net, optimiser) == trained(False, net, optimiser)


@pytest.mark.parametrize("net", nets)
def test_without_kernels(net: str) -> None:
    with mg.backends.use_kernels("none"):
        assert trained(True, net, "Adam") == trained(False, net, "Adam")


@pytest.mark.parametrize("net", nets)
def test_with_kernels_for_small_arrays_too(net: str) -> None:
    with mg.backends.use_kernels("all", least=0):
        assert trained(True, net, "Adam") == trained(False, net, "Adam")


@pytest.mark.parametrize("optimiser", optimisers)
def test_with_the_kernels_of_updates(optimiser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optim.optimizer, "SMALL", 0)
    with mg.backends.use_kernels("all", least=0) as ran:
        assert trained(True, "mlp", optimiser) == trained(False, "mlp", optimiser)
    assert any(name.endswith("_update") for name in ran)


def test_gradients_that_accumulate() -> None:
    def run(captured: bool) -> list[Any]:
        training = Training("mlp", "Adam")
        model, optimizer = training.model, training.optimizer

        def gather(x: mg.Tensor, t: mg.Tensor) -> mg.Tensor:
            loss = F.cross_entropy(model(x), t) / 2
            loss.backward()
            return loss

        gather_ = mg.capture(gather) if captured else gather
        found = []
        for i, (x, t) in enumerate(islice(batches((2,)), 6)):
            found.append(bits(gather_(x, t)))
            found.append(training.left())
            if i % 2:
                optimizer.step()
                optimizer.zero_grad()
        return found

    assert run(True) == run(False)


def test_gradients_that_are_forgotten_at_the_end() -> None:
    def run(captured: bool) -> list[Any]:
        training = Training("mlp", "Adam")

        def step(x: mg.Tensor, t: mg.Tensor) -> None:
            F.cross_entropy(training.model(x), t).backward()
            training.optimizer.step()
            training.optimizer.zero_grad()

        call = mg.capture(step) if captured else step
        found = []
        for i, (x, t) in enumerate(islice(batches((2,)), 8)):
            if i % 2:  # somebody has left gradients to add to
                F.cross_entropy(training.model(x), t).backward()
            call(x, t)
            found.append(training.left())
        return found

    assert run(True) == run(False)


def test_a_rate_that_a_schedule_moves_is_read_at_each_step() -> None:
    def run(captured: bool) -> Any:
        training = Training("mlp", "AdamW")
        schedule = optim.lr_scheduler.CosineAnnealingLR(training.optimizer, 10)
        step = mg.capture(training.step) if captured else training.step
        found = []
        for x, t in islice(batches((2,)), 8):
            found.append(bits(step(x, t)))
            schedule.step()
        return found, training.left(), len(getattr(step, "programs", "12"))

    assert run(True) == run(False)


def test_a_function_that_only_looks() -> None:
    training = Training("mlp with batch norm")
    model = training.model.eval()

    def accuracy(x: mg.Tensor, t: mg.Tensor) -> dict[str, Any]:
        with mg.no_grad():
            scores = model(x)
            hits = mg.argmax(scores, axis=1) == t
        return {"scores": scores, "hits": (mg.count_nonzero(hits), hits)}

    captured = mg.capture(accuracy)
    for x, t in islice(batches((2,)), 4):
        expected, found = accuracy(x, t), captured(x, t)
        assert bits(found["scores"]) == bits(expected["scores"])
        assert list(map(bits, found["hits"])) == list(map(bits, expected["hits"]))
    assert len(captured.programs) == 1


def test_numpy_arrays_are_arguments_too() -> None:
    weight = mg.asarray(np.arange(3.0))

    def f(x: np.ndarray, scale: float) -> np.ndarray:
        return np.tanh(x * scale).sum(axis=0) + (mg.asarray(x[0]) * weight).data

    captured = mg.capture(f)
    for i in range(4):
        x = np.random.default_rng(i).normal(size=(5, 3))
        assert bits(captured(x, 0.5)) == bits(f(x, 0.5))
    assert len(captured.programs) == 1


def test_draws_with_a_generator_of_ones_own() -> None:
    def run(captured: bool) -> Any:
        generator = mg.random.Generator(3)

        def f() -> tuple[mg.Tensor, ...]:
            return (
                mg.random.uniform((2, 2), 1.0, 3.0, generator=generator),
                mg.random.normal((3,), dtype=mg.float64, generator=generator),
                mg.random.permutation(5, generator=generator),
                mg.random.uniform(generator=generator),
            )

        call = mg.capture(f) if captured else f
        return [list(map(bits, call())) for _ in range(4)], generator.state_dict()

    assert run(True) == run(False)


def test_two_draws_of_one_shape_are_two() -> None:
    captured = mg.capture(lambda: (mg.random.uniform((3,)), mg.random.uniform((3,))))
    for _ in range(2):
        a, b = captured()
        assert not mg.all(a == b)


def test_the_gradient_of_a_gradient() -> None:
    def f(x: mg.Tensor) -> mg.Tensor:
        return mg.hvp(lambda x: mg.sum(mg.sin(x) * x**3), (x,), (mg.ones_like(x),))[0]

    captured = mg.capture(f)
    for i in range(3):
        x = mg.asarray(np.random.default_rng(i).normal(size=(4,)))
        assert bits(captured(x)) == bits(f(x))


def test_checkpoints_that_draw() -> None:
    def run(captured: bool) -> Any:
        mg.random.manual_seed(0)
        x = mg.asarray(np.arange(1.0, 9.0)).requires_grad_()

        def step() -> Any:
            x.grad = None
            mg.sum(mg.checkpoint(lambda x: mg.tanh(F.dropout(x * x, 0.5)), x)).backward()
            return x.grad

        call = mg.capture(step) if captured else step
        return [bits(call()) for _ in range(4)]

    assert run(True) == run(False)


def test_modules_and_containers_as_arguments() -> None:
    a, b = nn.Linear(2, 3), nn.Linear(2, 3)

    def f(model: nn.Module, batch: dict[str, Any]) -> Any:
        return [mg.sum(model(batch["x"])) * batch["weight"], batch["x"]]

    captured = mg.capture(f)
    x = mg.ones((4, 2))
    for model in (a, b, a):
        (expected, _), (found, same) = (
            f(model, {"x": x, "weight": 2}),
            captured(model, {"x": x, "weight": 2}),
        )
        assert bits(found) == bits(expected)
        assert same is x
