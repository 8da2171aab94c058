"""What a program prints is what runs: a plain NumPy function, which needs no minigrad."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tracemalloc
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F

from .training import Training, batches, bits, nets

RUN_ALONE = """
import pickle, sys
source, name, values = pickle.load(sys.stdin.buffer)
namespace = {}
exec(source, namespace)
found = namespace[name](*values)
assert not [m for m in sys.modules if m.startswith("minigrad")]
found = [x.tobytes() if hasattr(x, "tobytes") else x for x in found]
sys.stdout.buffer.write(pickle.dumps(found))
"""


@pytest.mark.parametrize("net", nets)
def test_the_source_runs_without_minigrad(net: str, tmp_path: Path) -> None:
    with mg.backends.use_kernels("none"):
        training = Training(net, "Adam")
        step = mg.capture(training.step)
        for x, t in islice(batches(training.shape), 3):
            step(x, t)
        program = step.program
        called: list[Any] = []

        def watched(*values: Any) -> Any:
            found = program.compiled(program.source)(*pickle.loads(pickle.dumps(values)))
            called.append((values, found))
            return found

        program.fastest = watched
        step(*next(batches(training.shape, seed=5)))
    (values, found) = called[0]
    data = pickle.dumps((program.source, program.name, values))
    result = subprocess.run(
        [sys.executable, "-c", RUN_ALONE], input=data, capture_output=True, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr.decode()
    alone = pickle.loads(result.stdout)
    assert alone == [x.tobytes() if hasattr(x, "tobytes") else x for x in found]


def test_a_fused_kernel_is_one_call_that_is_imported_by_name() -> None:
    def f(x: mg.Tensor) -> mg.Tensor:
        return mg.special.softmax(x)

    with mg.backends.use_kernels("all", least=0):
        fused = mg.capture(f)
        fused(mg.ones((2, 3)))
        (line,) = [s for s in fused.program.source.splitlines() if s.startswith("from minigrad")]
        assert line.startswith("from minigrad.kernels.softmax")
        name = line.rpartition(" ")[2]
        assert f"= {name}(x, axis=-1)" in fused.program.source
    with mg.backends.use_kernels("none"):
        written = mg.capture(f)
        written(mg.ones((2, 3)))
        assert "minigrad" not in written.program.source
        assert "np.exp(" in written.program.source


def linear_regression() -> Any:
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x: mg.Tensor, t: mg.Tensor) -> mg.Tensor:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return step


def test_the_source_of_a_small_step_to_the_letter() -> None:
    function = linear_regression()
    first = function.__code__.co_firstlineno
    with mg.backends.use_kernels("none"):
        step = mg.capture(function)
        for _ in range(2):
            step(mg.ones((4, 2)), mg.ones((4, 1)))
    assert (
        step.program.source
        == f'''"""step, captured at test_source.py:{first}."""

import numpy as np

ones = np.ones((4,), np.float32)
array = np.array(1.0, np.float32)
constant = array * 0.5


def step(x, t, weight, bias, lr, weight_momentum_buffer, bias_momentum_buffer):
    # --- forward ---
    # model: linear  (test_source.py:{first + 2})
    linear = x.dot(weight.mT) + bias
    # squared_error  (test_source.py:{first + 2})
    difference = linear - t
    squared_error = np.add.reduce(difference * difference, axis=None, out=np.empty((), np.float32))
    loss = np.asarray(squared_error / 4)

    # --- backward ---
    # gradient of squared_error  (test_source.py:{first + 2})
    grad_squared_error = constant * difference
    # gradient of model: linear  (test_source.py:{first + 2})
    grad_weight = grad_squared_error.mT.dot(x)
    grad_bias = np.dot(ones, grad_squared_error)

    # --- update ---
    # SGD  (test_source.py:{first + 4})
    new_weight_momentum_buffer = 0.9 * weight_momentum_buffer + 1 * grad_weight
    new_weight = weight - lr * new_weight_momentum_buffer
    new_bias_momentum_buffer = 0.9 * bias_momentum_buffer + 1 * grad_bias
    new_bias = bias - lr * new_bias_momentum_buffer

    return (
        # new values
        new_weight, new_bias,
        # gradients
        grad_weight, grad_bias,
        # state
        new_weight_momentum_buffer, new_bias_momentum_buffer,
        # results
        loss,
    )
'''
    )


def test_bias_correction_is_arithmetic_of_the_program() -> None:
    training = Training("mlp", "Adam")
    with mg.backends.use_kernels("none"):
        step = mg.capture(training.step)
        for x, t in islice(batches((2,)), 2):
            step(x, t)
    assert "0.999 **" in step.program.source and "0.9 **" in step.program.source


def test_dead_code_goes_and_what_is_common_is_computed_once() -> None:
    def f(x: mg.Tensor) -> mg.Tensor:
        mg.exp(x)
        return mg.sin(x) * mg.cos(x) + mg.sin(x) * mg.cos(x)

    captured = mg.capture(f)
    for _ in range(2):
        assert bits(captured(mg.ones(3))) == bits(f(mg.ones(3)))
    source = captured.program.source
    assert "np.exp" not in source
    assert source.count("np.sin") == source.count("np.cos") == 1


def test_what_is_read_before_and_after_a_write_is_not_the_same() -> None:
    def f(x: np.ndarray) -> Any:
        y = x * 2
        before = np.exp(y) * 2
        y += 1
        y[0] = 7
        return before, np.exp(y) * 3, y

    captured = mg.capture(f)
    for i in range(3):
        x = np.arange(3.0) + i
        assert list(map(bits, captured(x))) == list(map(bits, f(x)))


def test_results_of_two_calls_share_no_memory_and_none_with_another() -> None:
    def f(x: mg.Tensor) -> tuple[mg.Tensor, ...]:
        return x + 1, x + 1, mg.zeros(3), mg.reshape(mg.zeros(4), (2, 2))

    captured = mg.capture(f)
    x = mg.ones(3)
    found = [y.data for _ in range(3) for y in captured(x)] + [x.data]
    for i, a in enumerate(found):
        assert not any(np.shares_memory(a, b) for b in found[i + 1 :])


def deep(x: mg.Tensor, w: mg.Tensor) -> tuple[mg.Tensor, mg.Tensor]:
    """Elementwise operations on large arrays, some of which are needed again."""
    y = mg.tanh(x * w + 1.0) - x
    z = mg.sqrt(y * y + 0.5) / (y * y + 3.0)
    for _ in range(6):
        z = mg.maximum(mg.tanh(z) - 0.1, 0.0) * y + mg.exp(-z * z)
    return mg.sum(z * y), y


def test_large_arrays_hand_on_their_memory_and_keep_their_bits() -> None:
    def f(x: mg.Tensor) -> Any:
        w.grad = None
        loss, y = deep(x, w)
        loss.backward()
        return loss, y, w.grad

    w = mg.asarray(np.random.default_rng(1).normal(size=(300,))).requires_grad_()
    captured = mg.capture(f)
    for i in range(4):
        x = mg.asarray(np.random.default_rng(i).normal(size=(200, 300)))
        before = bits(x)
        assert list(map(bits, captured(x))) == list(map(bits, f(x)))
        assert bits(x) == before
    assert captured.program.source.count("out=") > 10


def test_a_program_holds_hardly_more_memory_than_the_step() -> None:
    def f(x: mg.Tensor) -> mg.Tensor:
        w.grad = None
        loss, _ = deep(x, w)
        loss.backward()
        return loss

    def peak(call: Any) -> int:
        tracemalloc.start()
        call(x)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    w = mg.ones(300, requires_grad=True)
    x = mg.ones((1000, 300))
    captured = mg.capture(f)
    for _ in range(3):
        captured(x)
    assert peak(captured) < 1.1 * peak(f)


def test_two_threads_run_one_program() -> None:
    model = nn.Sequential(nn.Linear(40, 50), nn.Tanh(), nn.Linear(50, 60)).eval()

    def forward(x: mg.Tensor) -> mg.Tensor:
        with mg.no_grad():
            return mg.special.softmax(model(x))

    captured = mg.capture(forward)
    inputs = [
        mg.asarray(np.random.default_rng(i).normal(size=(600, 40)).astype("float32"))
        for i in range(2)
    ]
    expected = [bits(forward(x)) for x in inputs]
    captured(inputs[0])
    found: list[list[bool]] = [[], []]

    def work(i: int) -> None:
        for _ in range(100):
            found[i].append(bits(captured(inputs[i])) == expected[i])

    threads = [Thread(target=work, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[True] * 100] * 2
