"""Replays with compiled chains: the bits of the calls that they stand for, from when on it pays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from threading import Thread
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import optim
from minigrad.capture import fusing, loops
from minigrad.capture.passes import chains
from minigrad.testing.budget import examples
from minigrad.testing.strategies import seeds
from minigrad.testing.strategies.programs import Program, programs

from .test_random_programs import trace
from .training import Training, batches, bits, nets, optimisers

numba = pytest.importorskip("numba")


@contextmanager
def fused_at_once() -> Iterator[None]:
    """Every chain becomes a loop at its program's first replay, small arrays or not."""
    with mg.backends.use_kernels("all", least=0), mock.patch.object(fusing, "WORTH", 0):
        yield


@contextmanager
def interpreted() -> Iterator[None]:
    """Loops run as Python's, which takes no time to compile, so many programs can be tried."""

    def compiled(chain: Any) -> Any:
        number = getattr(np, chain.dtype.name)
        names = {"np": np, "number": number, "float64": np.float64}
        exec(loops.loop_of(chain), names)
        return names["fused"]

    with fused_at_once(), mock.patch.object(fusing, "compiled", compiled):
        yield


def is_fused(captured: Any) -> bool:
    return captured.program.fastest is not captured.program.function


def numbers(x: Any) -> Any:
    """The bits of an array or a Tensor; those of a NaN say nothing."""
    x = x.data if isinstance(x, mg.Tensor) else x
    if isinstance(x, tuple):
        return [numbers(part) for part in x]
    return bits(np.where(np.isnan(x), np.nan, x)) if x.dtype != bool else bits(x)


# --- what a loop computes -------------------------------------------------------------------------

special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, -1e-44, 5e-324, 3e38, 1e300, 0.1]


def arrays(dtype: Any, seed: int) -> list[Any]:
    """Three arrays of every kind of number there is, and one without axes."""
    rng = np.random.default_rng(seed)
    drawn = [
        np.where(rng.random((5, 7)) < 0.4, rng.choice(special, (5, 7)), rng.normal(size=(5, 7)))
        for _ in range(3)
    ]
    with np.errstate(all="ignore"):
        return [np.asarray(x, dtype) for x in (*drawn, rng.choice(special))]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "less": lambda a, b: np.where(a < b, a, b),
    "at most": lambda a, b: np.where(a <= b, 0, a),
    "equal": lambda a, b: np.where(a == b, b, -1.5),
    "other": lambda a, b: np.where(a != b, a, b),
    "greater": lambda a, b: np.where(a > b, b, a),
    "from": lambda a, b: np.where(a >= 0.1, b, a),
    "root": lambda a, b: np.sqrt(a),
    "size": lambda a, b: np.absolute(a),
    "sign": lambda a, b: -a,
    "square": lambda a, b: np.square(a),
    "power": lambda a, b: a**2,
}
UNARY = ("root", "size", "sign", "square", "power")
leaves = st.sampled_from(["a", "b", "c", "k"]) | st.sampled_from([2, -1.5, 0.1, 1e-42, 3])
expressions = st.recursive(
    leaves,
    lambda part: st.tuples(st.sampled_from(sorted(FUNCTIONS)), part, part),
    max_leaves=7,
)


def value_of(expression: Any, values: dict[str, Any]) -> Any:
    if isinstance(expression, str):
        return values[expression]
    if not isinstance(expression, tuple):
        return expression
    parts = [value_of(part, values) for part in expression[1:]]
    if not any(hasattr(part, "shape") for part in parts):  # of numbers alone: no call of NumPy's
        return parts[0]
    if expression[0] in UNARY and not hasattr(parts[0], "shape"):
        parts.reverse()
    return FUNCTIONS[expression[0]](*parts)


def check(f: Any, dtype: Any, seed: int) -> None:
    """Whatever the arrays hold, a fused replay computes what the function computes."""
    with np.errstate(all="ignore"):
        captured = mg.capture(f)
        for i in range(3):
            given_ = arrays(dtype, seed + i)
            assert numbers(captured(*given_)) == numbers(f(*given_)), captured.program.fused_source
        assert is_fused(captured) or dtype == np.float32, "a choice between numbers is a float64"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bits_of_every_operation_compiled(dtype: Any) -> None:
    def f(a: Any, b: Any, c: Any, k: Any) -> Any:
        found = [operation(a, b) - 0.1 * c for operation in FUNCTIONS.values()]
        return (*found, a * b + c, a * k - b / 3, (c - k) * 1e-42, 1 / (a * 3e38 + k))

    with fused_at_once():
        for seed in range(3):
            check(f, dtype, 3 * seed)


def any_two(one: Any, other: Any) -> Any:
    def f(a: Any, b: Any, c: Any, k: Any) -> Any:
        values = {"a": a, "b": b, "c": c, "k": k}
        first = a * value_of(one, values) + b
        return first, first / (value_of(other, values) - a)

    return f


floats = st.sampled_from([np.float32, np.float64])


@given(expressions, expressions, seeds, floats)
@examples(3)
def test_the_bits_of_any_expression_compiled(one: Any, other: Any, seed: int, dtype: Any) -> None:
    with fused_at_once():
        check(any_two(one, other), dtype, seed)


@given(expressions, expressions, seeds, floats)
@examples(40)
def test_the_bits_of_any_expression(one: Any, other: Any, seed: int, dtype: Any) -> None:
    with interpreted():
        check(any_two(one, other), dtype, seed)


@given(programs, seeds)
@examples(10)
def test_value_gradient_and_update_of_any_program(program: Program, seed: int) -> None:
    with interpreted(), np.errstate(all="ignore"):
        found = trace(program, seed, captured=True, of=numbers)
        assert found == trace(program, seed, captured=False, of=numbers)


@pytest.mark.parametrize("optimiser", optimisers)
@pytest.mark.parametrize("net", nets)
def test_trainings(net: str, optimiser: str) -> None:
    def trained(captured: bool) -> Any:
        training = Training(net, optimiser)
        step = mg.capture(training.step) if captured else training.step
        found = []
        for x, t in islice(batches(training.shape), 5):
            found.append([bits(step(x, t)), training.left()])
        if captured:
            assert is_fused(step) or optimiser == "SGD"
        return found

    with mg.backends.use_kernels("all", least=0):
        assert trained(True) == trained(False)


def test_a_number_that_is_moved_from_an_int_to_a_float() -> None:
    def run(captured: bool) -> Any:
        p = mg.asarray(np.linspace(-1, 1, 12, dtype=np.float32)).requires_grad_()
        optimizer = optim.SGD([p], lr=1, momentum=0.5)

        def step() -> None:
            p.grad = p.detach() * p.detach()
            optimizer.step()

        call = mg.capture(step) if captured else step
        found = []
        for lr in (1, 1, 1, 0.1, 2, 1e-46, 1e39):
            optimizer.param_groups[0]["lr"] = lr
            call()
            found.append(numbers(p.data))
        return found

    with fused_at_once(), np.errstate(all="ignore"):
        assert run(True) == run(False)


# --- what a chain is ------------------------------------------------------------------------------


def chain(a: Any, b: Any) -> Any:
    return 2 * a - b / 3 + a * b


def test_a_chain_has_several_results_and_fills_new_arrays() -> None:
    def f(a: Any, b: Any) -> Any:
        mean = a + 0.1 * (b - a)
        square = 0.9 * b + 0.1 * (a * a)
        return mean / np.sqrt(square), mean, square

    with fused_at_once():
        captured = mg.capture(f)
        a, b = np.random.default_rng(0).random((2, 3, 4), np.float32)
        kept = [captured(a, b) for _ in range(3)]
    (only,) = captured.program.chains
    assert (len(only.calls), len(only.results)) == (9, 3)
    assert captured.program.fused_source.count("_fused(") == 2  # its loop as a remark, and its call
    assert len({id(x) for found in kept for x in found}) == 9
    assert not any(np.shares_memory(x, y) for x in kept[1] for y in kept[2])
    assert all(x.flags.owndata and x.flags.c_contiguous for found in kept for x in found)
    assert bits(kept[2][0]) == bits(f(a, b)[0])


SUM = np.add.reduce


@pytest.mark.parametrize(
    ("f", "sizes"),
    [
        (chain, [5]),
        (lambda a, b: chain(a, b) * SUM(a, axis=None) - b, [7]),
        (lambda a, b: (x := chain(a, b)) * SUM(x, axis=None) - b, [5, 2]),
        (lambda a, b: chain(a, SUM(a + b, axis=0)), [1, 1, 1, 1]),
        (lambda a, b: chain(a.T, b.T), []),
        (lambda a, b: chain(a, b.astype(np.float64)), [1, 1, 1]),
        (lambda a, b: np.exp(a * b) + a, [1, 1]),
        (lambda a, b: np.maximum(a * b, 0) * a, [1, 1]),
        (lambda a, b: (a * b).reshape(-1) * 2 - 1, [1, 2]),
        (lambda a, b: a + b - np.float64(0.1), [1]),
    ],
)  # fmt: skip
def test_what_a_chain_takes_in(f: Any, sizes: list[int]) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    with fused_at_once():
        captured = mg.capture(f)
        for _ in range(3):
            found, expected = captured(a, b), f(a, b)
            assert list(map(bits, np.atleast_1d(found))) == list(map(bits, np.atleast_1d(expected)))
    program = captured.program
    every = chains(program.instructions, [value for _, value in program.outputs])
    assert sorted(len(c.calls) for c in every) == sorted(sizes), program.source


def test_memory_that_is_written_to_is_read_when_it_was() -> None:
    def f(a: Any, b: Any) -> Any:
        y = np.zeros_like(a)
        before = y * a + b
        y[...] = b
        before_too = (y + a) * before
        y += a
        return before_too - y * b

    with fused_at_once():
        captured = mg.capture(f)
        for i in range(3):
            a, b = np.random.default_rng(i).normal(size=(2, 3, 4))
            assert bits(captured(a, b)) == bits(f(a, b))


def test_large_arrays_that_are_let_go_and_handed_on() -> None:
    def f(a: Any, b: Any) -> Any:
        made = np.exp(chain(a, b))
        return chain(made, a) * np.tanh(made) - b

    with fused_at_once():
        captured = mg.capture(f)
        for i in range(3):
            a, b = np.random.default_rng(i).normal(size=(2, 150, 100))
            assert bits(captured(a, b)) == bits(f(a, b))
    assert is_fused(captured)
    assert "del " in captured.program.fused_source


def test_a_long_chain_becomes_several() -> None:
    def f(a: Any) -> Any:
        x = a
        for _ in range(100):
            x = 0.5 * x + a
        return x

    with fused_at_once():
        captured = mg.capture(f)
        a = np.linspace(-1, 1, 12)
        for _ in range(3):
            assert bits(captured(a)) == bits(f(a))
    assert [len(c.calls) for c in captured.program.chains] == [64, 64, 64, 8]


def test_arrays_that_are_read_only_or_not_aligned() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4))
    with fused_at_once():
        captured = mg.capture(chain)
        expected = bits(chain(a, b))
        frozen = a.copy()
        frozen.flags.writeable = False
        shifted = np.frombuffer(b"\0" + a.tobytes(), np.float64, offset=1).reshape(3, 4)
        for x in (a, a, frozen, shifted):
            assert bits(captured(x, b)) == expected
    assert is_fused(captured)
    assert len(captured.programs) == 1


def test_checks_and_draws_of_a_fused_program() -> None:
    def f(x: Any, t: Any) -> Any:
        noise = mg.random.uniform((3, 4))
        scores = 2 * x - noise / 3 + x * x
        return mg.nn.functional.cross_entropy(scores, t)

    x = mg.asarray(np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32))
    t = mg.asarray([0, 1, 3])

    def run(call: Any) -> Any:
        mg.random.manual_seed(0)
        found = [bits(call(x, t)) for _ in range(3)]
        with pytest.raises((ValueError, IndexError)) as info:
            call(x, mg.asarray([0, 1, 4]))
        return found, str(info.value)

    with fused_at_once():
        captured = mg.capture(f)
        assert run(captured) == run(f)
    assert is_fused(captured)


def test_threads_run_one_fused_program_side_by_side() -> None:
    given_ = [np.random.default_rng(i).normal(size=(2, 50, 40)) for i in range(4)]
    with fused_at_once():
        captured = mg.capture(chain)
        captured(*given_[0])
        captured.program.fuse()
    wrong: list[int] = []

    def work(i: int) -> None:
        with fused_at_once():
            expected = bits(chain(*given_[i]))
            wrong.extend(i for _ in range(100) if bits(captured(*given_[i])) != expected)

    threads = [Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- when a chain is compiled ---------------------------------------------------------------------


def captured_chain(calls: int = 2) -> Any:
    captured = mg.capture(chain)
    for _ in range(calls):
        captured(np.ones(5), np.ones(5))
    return captured


def test_it_waits_until_it_pays_and_then_the_printed_program_stays() -> None:
    with mock.patch.multiple(fusing, COMPILING=1e-5, LOADING=0):
        captured = captured_chain()
    program = captured.program
    source, due = program.source, program.due
    assert 5 < due < 20
    for _ in range(due - 2):
        assert not is_fused(captured)
        captured(np.ones(5), np.ones(5))
    captured(np.ones(5), np.ones(5))
    assert is_fused(captured)
    assert program.source == source
    assert "fused" not in source
    assert 10_000 < captured_chain().program.due < 10_000_000


def test_a_program_can_be_fused_at_once() -> None:
    captured = captured_chain()
    captured.program.fuse()
    assert is_fused(captured)
    called = mock.Mock(side_effect=captured.program.fastest)
    captured.program.fastest = called
    captured(np.ones(5), np.ones(5))
    called.assert_called_once()


def test_large_arrays_pay_sooner_than_small_ones() -> None:
    def due(size: int) -> float:
        captured = mg.capture(chain)
        for _ in range(2):
            captured(np.ones(size), np.ones(size))
        return captured.program.due

    assert due(1_000_000) < 1000 < 10_000 < due(10)


@pytest.mark.parametrize("which", ["none", "numpy"])
def test_not_where_kernels_by_numba_are_switched_off(which: str) -> None:
    with mg.backends.use_kernels(which):
        captured = captured_chain()
    captured.program.fuse()
    assert not captured.program.chains
    assert not is_fused(captured)


def test_not_where_numba_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    captured = captured_chain()
    captured.program.fuse()
    assert not captured.program.chains
    assert not is_fused(captured)


def broken(kind: type[Exception]) -> Any:
    def compiled(chain: Any) -> Any:
        raise kind("numba does not work here")

    return compiled


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [ImportError, numba.TypingError, numba.core.errors.NumbaError])
def test_without_a_word_where_numba_is_broken(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusing, "compiled", broken(kind))
    captured = captured_chain()
    captured.program.fuse()
    assert bits(captured(np.ones(5), np.ones(5))) == bits(chain(np.ones(5), np.ones(5)))
    assert not is_fused(captured)


def test_an_error_of_our_own_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusing, "compiled", broken(KeyError))
    with pytest.raises(KeyError):
        captured_chain().program.fuse()


def test_numba_is_not_imported_by_a_short_run() -> None:
    code = (
        "import sys, numpy as np, minigrad as mg\n"
        "f = mg.capture(lambda a, b: 2 * a - b / 3 + a * b)\n"
        "for _ in range(300): f(np.ones(9), np.ones(9))\n"
        "print('numba' in sys.modules, len(f.program.chains))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "1"]


def test_what_does_the_same_is_compiled_once() -> None:
    with fused_at_once():
        first, second = captured_chain(), mg.capture(lambda c, d: 2 * c - d / 3 + c * d)
        for _ in range(2):
            second(np.ones((3, 2)), np.ones((3, 2)))
    (one,), (other,) = [
        {id(f) for name, f in c.program.fastest.__globals__.items() if name.startswith("_fused")}
        for c in (first, second)
    ]
    assert one == other
