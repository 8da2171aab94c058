"""The first NaN or infinity is found where it is made, forward and backward; off, at no cost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.extend import elementwise, primitive
from minigrad.primitive import all_primitives
from minigrad.tensor import Tensor
from minigrad_bn import BatchNorm1d
from tests.engine.lines import here

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture
def x(device: Any) -> Tensor:
    return mg.tensor([[4.0, 1.0], [0.0, 9.0]], device=device, requires_grad=True)


def message(call: Callable[[], Any], **options: Any) -> str:
    with pytest.raises(FloatingPointError) as caught, mg.detect_anomaly(**options):
        call()
    return str(caught.value)


# --- forward -------------------------------------------------------------------------------------


def test_forward_names_operation_inputs_line_and_place(x: Tensor) -> None:
    lines = []

    def f() -> Tensor:
        y = mg.sum(x)
        lines.append(here(1))
        return y + mg.sum(mg.log(x))

    assert message(f) == (
        f"detect_anomaly: log of (2, 2) float32 on {x.device} made -inf at [1, 0] (1 of 4 "
        f"elements), at {lines[0]}; its inputs are finite"
    )


def test_forward_says_what_was_not_finite_before(device: Any) -> None:
    data = mg.asarray([1.0, np.nan, np.inf], dtype=mg.float64, device=device)
    assert message(lambda: mg.divide(2.0, data)) == (
        f"detect_anomaly: divide of float 2.0, (3,) float64 on {device} made nan at [1] (1 of 3 "
        f"elements), at {here(-2)}; its input 1 had nan at [1] (2 of 3 elements) already"
    )
    assert message(lambda: mg.ones(2, device=device) * np.inf).endswith(
        "its input 1 had inf already"
    )


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x / 0.0,
        lambda x: mg.log(x) * 0,
        lambda x: mg.exp(1000 * x),
        lambda x: mg.sqrt(x - 5),
        lambda x: mg.matmul(x * 1e30, x * 1e30),
        lambda x: mg.sum(x * 3e37),
        lambda x: mg.special.logsumexp(mg.log(x * 0)),
        lambda x: BatchNorm1d(2, device=x.device)(x * 1e30 * 1e9),
        lambda x: mg.asarray(1j, dtype=mg.complex64, device=x.device) * mg.log(x.detach() * 0),
    ],
)
@pytest.mark.parametrize("recorded", [True, False])
def test_forward_sees_every_kind_of_operation_recorded_or_not(
    x: Tensor, f: Callable[[Tensor], Tensor], recorded: bool
) -> None:
    with pytest.raises(FloatingPointError, match=r"^detect_anomaly: "), mg.detect_anomaly():
        f(x if recorded else x.detach())
    f(x)


def test_what_is_finite_or_no_float_passes(x: Tensor) -> None:
    with mg.detect_anomaly():
        assert mg.isinf(mg.asarray([np.inf], device=x.device)).tolist() == [True]
        data = mg.asarray([1.0, np.nan], device=x.device)
        assert mg.where(mg.isnan(data), 0.0, data).tolist() == [1, 0]
        assert mg.sum(mg.zeros((0,), device=x.device)).item() == 0
        net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), BatchNorm1d(3)).to(x.device)
        mg.sum(net(x) ** 2).backward()
        mg.grad(lambda a: mg.sum(mg.grad(lambda b: mg.sum(b**3))(a)))(x)


def test_infinities_may_be_meant(device: Any) -> None:
    scores = mg.asarray([1.0, 2.0, 3.0], device=device)
    masked = lambda: mg.where(scores > 2.5, -np.inf, scores)
    with mg.detect_anomaly(infinities=False):
        assert nn.functional.softmax(masked(), dim=0).tolist()[2] == 0
    assert "made nan" in message(lambda: masked() * 0, infinities=False)
    assert "where of" in message(masked)


# --- backward ------------------------------------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True])
def test_backward_names_the_rule_the_forward_line_and_the_input(
    x: Tensor, create_graph: bool
) -> None:
    y, line = mg.sqrt(x), here()
    loss = mg.sum(mg.multiply(2.0, y))
    assert message(lambda: mg.autograd.grad(loss, x, create_graph=create_graph)) == (
        f"detect_anomaly: the gradient of sqrt, recorded at {line}, for input 0 has inf at [1, 0] "
        "(1 of 4 elements); the gradient that reached its output is finite"
    )
    assert x.grad is None


def test_backward_says_what_had_reached_the_output_already(x: Tensor) -> None:
    y, line = mg.multiply(2.0, x), here()
    u = mg.asarray([[1.0, np.nan], [0.0, 0.0]], device=x.device)
    assert message(lambda: y.backward(u)) == (
        f"detect_anomaly: the gradient of multiply, recorded at {line}, for input 1 has nan at "
        "[0, 1] (1 of 4 elements); the gradient that reached its output had nan at [0, 1] (1 of 4 "
        "elements) already"
    )


def test_backward_sees_the_trap_of_where(x: Tensor) -> None:
    """The forward is finite, the gradient of the branch that was not taken is not."""
    with mg.detect_anomaly():
        y = mg.sum(mg.where(x > 0, mg.sqrt(x), 0.0))
    text = message(lambda: y.backward())
    assert "the gradient of sqrt, recorded at" in text
    assert "has nan" in text or "has inf" in text


def test_backward_sees_joint_rules_and_operations_of_a_users_own(x: Tensor) -> None:
    bad = elementwise("bad", lambda xp, g, y, a: g / (a * 0), forward=lambda xp, a: a + 0)
    joint = primitive(
        "joint", joint=lambda xp, g, y, a, b: (g, g / (b * 0)), forward=lambda xp, a, b: a + b
    )
    assert "gradient of bad, recorded" in message(lambda: mg.sum(bad(x + 1)).backward())
    assert "gradient of joint, recorded" in message(lambda: mg.sum(joint(x, x + 1)).backward())
    text = message(lambda: mg.sum(joint(x, x + 1)).backward())
    assert "for input 1" in text


def test_only_the_walk_needs_to_be_watched(x: Tensor) -> None:
    loss = mg.sum(mg.sqrt(x))
    with pytest.raises(FloatingPointError, match="gradient of sqrt"), mg.detect_anomaly():
        loss.backward(retain_graph=True)
    loss.backward(retain_graph=True)  # nobody watches: an infinity is a number


def test_what_a_checkpoint_computes_again_is_watched_too(x: Tensor) -> None:
    y = mg.sum(mg.checkpoint(lambda x: mg.sqrt(x) * 2, x))
    assert "gradient of sqrt, recorded at" in message(y.backward)


def test_functions_of_functions_are_watched(x: Tensor) -> None:
    f = lambda a: mg.sum(mg.sqrt(a))
    for call in (mg.grad(f), mg.hessian(f), lambda a: mg.jvp(f, (a,), (a,))):
        assert "the gradient of sqrt, recorded at" in message(lambda call=call: call(x.detach()))


# --- where and when ------------------------------------------------------------------------------


def test_it_decorates_functions_nests_and_ends(x: Tensor) -> None:
    @mg.detect_anomaly()
    def f(a: Tensor) -> Tensor:
        with mg.detect_anomaly(infinities=False):
            mg.log(mg.zeros_like(a))
        return mg.log(a)

    with pytest.raises(FloatingPointError):
        f(x)
    assert mg.log(x).shape == (2, 2)

    def generator() -> Iterator[Tensor]:
        yield x

    with pytest.raises(TypeError, match=r"detect_anomaly: .*`with mg\.autograd\.detect_anomaly"):
        mg.detect_anomaly()(generator)


def test_another_thread_is_not_watched(device: Any) -> None:
    results: list[Any] = []
    with mg.detect_anomaly():
        thread = threading.Thread(
            target=lambda: results.append(mg.log(mg.zeros((), device=device)).item())
        )
        thread.start()
        thread.join()
    assert results == [-np.inf]


def test_two_threads_watch_side_by_side(device: Any) -> None:
    """One leaves while the other is still inside, which goes on watching."""
    first_left, inside, found = threading.Event(), threading.Event(), []

    def stays() -> None:
        with mg.detect_anomaly():
            inside.set()
            first_left.wait(5)
            try:
                mg.log(mg.zeros((), device=device))
            except FloatingPointError:
                found.append("found")

    with mg.detect_anomaly():
        thread = threading.Thread(target=stays)
        thread.start()
        inside.wait(5)
    first_left.set()
    thread.join()
    assert found == ["found"]


def test_nothing_of_it_is_left_when_nobody_watches(x: Tensor) -> None:
    """Its cost while off is none: the operations call their functions of arrays directly."""
    mg.exp(x)
    with mg.detect_anomaly():
        mg.exp(x)
        watched = mg.exp._functions[x.backend]
        assert watched.__name__ == "look_at_result"
    mg.exp(x)
    kept = [f for p in all_primitives for f in p._functions.values()]
    assert watched not in kept
    assert all(getattr(f, "__name__", "") != "look_at_result" for f in kept)
