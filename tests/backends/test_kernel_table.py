"""Which form of a function of arrays runs: by backend, dtype, size, and what is allowed."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.backends import get, kernels, use_kernels
from minigrad.backends.allowed import Allowed
from minigrad.backends.kernels import ArrayFunction, all_array_functions
from minigrad.extend import kernel, primitive

xp = get("numpy").xp


@pytest.fixture
def doubling() -> Iterator[ArrayFunction]:
    """A function of arrays whose kernels, given by a test, leave a mark: they return -1."""
    function = ArrayFunction("doubling", lambda xp, x: 2 * x)
    yield function
    all_array_functions.remove(function)


def marked(x: Any) -> Any:
    return np.full_like(x, -1.0)


def ran(function: ArrayFunction, x: Any) -> bool:
    """Whether a kernel ran, and not the definition."""
    found = np.asarray(function(xp, x))
    kernel, definition = found == -1, found == 2 * x
    assert np.all(kernel) or np.all(definition)
    return bool(np.all(kernel))


def test_without_kernels_the_definition_runs(doubling: ArrayFunction) -> None:
    assert not ran(doubling, np.ones(3))


@pytest.mark.parametrize(
    ("dtype", "size", "taken"),
    [("float32", 4, True), ("float32", 3, False), ("float64", 4, False), ("float32", 5, True)],
)
def test_a_kernel_runs_for_its_dtypes_from_its_size_on(
    doubling: ArrayFunction, dtype: str, size: int, taken: bool
) -> None:
    doubling.register("numpy", marked, dtypes=("float32",), least=4)
    assert ran(doubling, np.ones(size, dtype)) is taken


def test_a_kernel_runs_on_the_arrays_of_its_backend_alone(doubling: ArrayFunction) -> None:
    doubling.register("strict", marked)
    assert not ran(doubling, np.ones(3))


def test_minigrad_itself_has_no_kernels_so_that_every_order_is_recorded(
    doubling: ArrayFunction,
) -> None:
    doubling.register("numpy", marked)
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    assert doubling(mg, x).tolist() == [2.0, 4.0]


def test_the_last_registered_is_asked_first_and_one_that_declines_passes_it_on(
    doubling: ArrayFunction,
) -> None:
    asked = []

    def called(name: str, answer: Any) -> Callable[..., Any]:
        def function(x: Any) -> Any:
            asked.append(name)
            return answer

        return function

    doubling.register("numpy", called("never", np.zeros(())))
    doubling.register("numpy", called("first", np.zeros(2)))
    doubling.register("numpy", called("declines", NotImplemented))
    assert doubling(xp, np.ones(2)).tolist() == [0.0, 0.0]
    assert asked == ["declines", "first"]


@pytest.mark.parametrize(
    ("which", "taken"),
    [("all", True), ("none", False), ("numpy", False), ("numba", True), ("numpy, numba", True)],
)
def test_what_may_run_is_said_by_a_with_statement(
    doubling: ArrayFunction, which: str, taken: bool
) -> None:
    doubling.register("numpy", marked, library="numba")
    with use_kernels(which):
        assert ran(doubling, np.ones(2)) is taken
    assert ran(doubling, np.ones(2))


@pytest.mark.parametrize("which", ["", ",", "all,numpy"])
def test_what_says_nothing_is_refused(which: str) -> None:
    expected = f"^kernels: '{which}': expected 'all', 'none', or libraries as in 'numpy,numba'$"
    with pytest.raises(ValueError, match=expected), use_kernels(which):
        pass


@pytest.mark.parametrize(("said", "taken"), [("none", "False"), ("", "True"), ("numpy", "True")])
def test_what_may_run_is_said_by_the_environment(said: str, taken: str) -> None:
    code = (
        "import minigrad as mg\n"
        "from minigrad.backends import get\n"
        "from minigrad.backends.kernels import ArrayFunction\n"
        "f = ArrayFunction('f', lambda xp, x: x)\n"
        "f.register('numpy', lambda x: -x)\n"
        "xp = get('numpy').xp\n"
        "print(f(xp, xp.ones(1))[0] == -1)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"MINIGRAD_KERNELS": said, "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert result.stdout.strip() == taken


def test_least_0_gives_small_arrays_kernels_and_the_counter_says_which_ran(
    doubling: ArrayFunction,
) -> None:
    doubling.register("numpy", marked, least=1000)
    with use_kernels(least=0) as counter:
        assert ran(doubling, np.ones(2)) and ran(doubling, np.ones(()))
    assert counter == {"doubling": 2}
    assert not ran(doubling, np.ones(2))


def test_a_with_statement_holds_for_its_own_thread(doubling: ArrayFunction) -> None:
    doubling.register("numpy", marked)
    elsewhere: list[bool] = []
    with use_kernels("none"):
        thread = Thread(target=lambda: elsewhere.append(ran(doubling, np.ones(2))))
        thread.start()
        thread.join()
        assert not ran(doubling, np.ones(2))
    assert elsewhere == [True]


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "unusable", {})


@pytest.mark.usefixtures("no_library")
def test_a_library_that_is_absent_is_warned_of_once_and_done_without(
    doubling: ArrayFunction,
) -> None:
    doubling.register("numpy", "nowhere.at_all:function", library="nowhere")
    doubling.register("numpy", "nowhere.else:function", library="nowhere", least=2)
    with pytest.warns(RuntimeWarning) as warned:
        assert not ran(doubling, np.ones(2))
    assert [str(w.message) for w in warned] == [
        "kernels written in nowhere can't be used: No module named 'nowhere'; what they stand for "
        "runs without. pip install 'minigrad[fast]' brings numba; MINIGRAD_KERNELS=numpy keeps to "
        "NumPy's, without this warning"
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not ran(doubling, np.ones(2))


@pytest.mark.usefixtures("no_library")
def test_a_library_that_fails_to_compile_is_done_without(doubling: ArrayFunction) -> None:
    class TypingError(Exception):
        __module__ = "compiler.errors"

    def fails(x: Any) -> Any:
        raise TypingError("cannot determine the type\nof much")

    doubling.register("numpy", fails, library="compiler")
    with pytest.warns(RuntimeWarning, match="compiler can't be used: cannot determine the type;"):
        assert not ran(doubling, np.ones(2))


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("library", ["numpy", "numba"])
def test_an_error_in_a_kernel_is_no_excuse(doubling: ArrayFunction, library: str) -> None:
    def fails(x: Any) -> Any:
        return np.sum(x, axis=7)

    doubling.register("numpy", fails, library=library)
    with pytest.raises(np.exceptions.AxisError):
        doubling(xp, np.ones(2))


def test_a_kernel_stands_in_for_the_forward_or_a_rule_and_never_for_higher_orders() -> None:
    cube = primitive("cube", lambda xp, g, y, x: 3 * g * x * x, forward=lambda xp, x: x * x * x)
    kernel(cube, "numpy", lambda x: x**3 + 100)
    kernel(cube, "numpy", lambda g, y, x: 3 * g * x * x + 100, rule=0)
    try:
        x = mg.tensor([2.0], requires_grad=True)
        y = cube(x)
        assert y.tolist() == [108.0]
        (g,) = mg.autograd.grad(y, x, retain_graph=True)
        assert g is not None and g.tolist() == [112.0]
        (g,) = mg.autograd.grad(y, x, create_graph=True)
        assert g is not None and g.tolist() == [12.0]
        (h,) = mg.autograd.grad(g, x)
        assert h is not None and h.tolist() == [12.0]
        with use_kernels("none"):
            assert cube(x).tolist() == [8.0]
    finally:
        for part in cube.array_functions:
            all_array_functions.remove(part)


@pytest.mark.parametrize(
    ("rule", "what"),
    [(None, "forward"), (0, "rule 0"), (5, "rule 5"), (-1, "rule -1"), ("joint", "joint rule")],
)
def test_what_an_operation_does_not_have_no_kernel_can_stand_in_for(rule: Any, what: str) -> None:
    with pytest.raises(ValueError, match=rf"^kernel: equal has no {what} over xp to stand in for$"):
        kernel(mg.equal, "numpy", marked, rule=rule)


def test_it_can_be_seen_whether_a_kernel_is_in_force(
    doubling: ArrayFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubling.register("numpy", "nowhere.at_all:function", library="nowhere")
    doubling.register("numpy", marked)
    of_numpy, elsewhere = doubling.kernels["numpy"]
    assert (of_numpy.state, elsewhere.state) == ("in force", "nowhere is not installed")
    with use_kernels("nowhere"):
        assert of_numpy.state == "switched off"
    monkeypatch.setitem(kernels.unusable, "nowhere", "it is broken")
    assert elsewhere.state == "can't be used: it is broken"


def test_all_allows_every_library_and_none_no_library() -> None:
    assert Allowed("all").allows("whatever")
    assert not Allowed("none").allows("numpy")
