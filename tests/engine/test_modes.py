"""Recording is switched off and on for a block or a function, and comes back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import minigrad as mg


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([1.0, 2.0], device=device, requires_grad=True)


def test_no_grad_records_nothing_and_ends_with_its_block(x: mg.Tensor) -> None:
    with mg.no_grad():
        assert not mg.is_grad_enabled()
        y = x * 2
        assert not y.requires_grad
        assert y.is_leaf
        with mg.enable_grad():
            assert (x * 2).requires_grad
            with mg.no_grad():
                assert not (x * 2).requires_grad
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_every_way_to_make_a_result_heeds_no_grad(x: mg.Tensor) -> None:
    with mg.no_grad():
        results = [
            x + x, x + 1.0, mg.exp(x), x[0], mg.sum(x), mg.matmul(x, x), mg.concat([x, x]),
            mg.astype(x, mg.float64), x.to("strict:device1"), x.at[0].set(1.0),
            mg.where(x > 0, x, 0.0), mg.asarray(x, copy=True),
        ]  # fmt: skip
    assert not any(y.requires_grad for y in results)


def test_leaves_can_be_made_under_no_grad(device: Any) -> None:
    with mg.no_grad():
        w = mg.ones(2, device=device, requires_grad=True)
    mg.sum(w * 3).backward()
    assert w.grad.tolist() == [3, 3]


def test_backward_works_under_no_grad(x: mg.Tensor) -> None:
    y = mg.sum(x * x)
    with mg.no_grad():
        y.backward()
    assert x.grad.tolist() == [2, 4]


def test_no_grad_ends_when_its_block_fails(x: mg.Tensor) -> None:
    with pytest.raises(ValueError, match="add: "), mg.no_grad():
        x + mg.ones(3, device=x.device)
    assert mg.is_grad_enabled()


def test_the_modes_decorate_functions_also_recursive_and_nested_ones(x: mg.Tensor) -> None:
    @mg.no_grad()
    def f(n: int, *, more: bool = False) -> list[bool]:
        """Whether results are recorded, at each depth."""
        return [(x * 2).requires_grad or more, *(f(n - 1) if n else [])]

    @mg.no_grad()
    @mg.enable_grad()
    def g() -> bool:
        return (x * 2).requires_grad

    assert f(2) == [False, False, False]
    assert f(0, more=True) == [True]
    assert (f.__name__, f.__doc__) == ("f", "Whether results are recorded, at each depth.")
    assert g()
    assert mg.is_grad_enabled()


def test_a_decorated_function_that_fails_leaves_the_mode_as_it_was() -> None:
    @mg.no_grad()
    def fails() -> None:
        raise KeyError("reason")

    with pytest.raises(KeyError, match="reason"):
        fails()
    assert mg.is_grad_enabled()


def test_what_runs_after_the_call_cannot_be_decorated() -> None:
    def generator() -> Iterator[bool]:
        yield mg.is_grad_enabled()

    async def coroutine() -> bool:
        return mg.is_grad_enabled()

    for function in (generator, coroutine):
        for mode in (mg.no_grad(), mg.enable_grad()):
            with pytest.raises(TypeError, match="with mg"):
                mode(function)


def test_one_instance_can_be_entered_again_and_nested() -> None:
    off, on = mg.no_grad(), mg.enable_grad()
    with off, on, off:
        assert not mg.is_grad_enabled()
        with on:
            assert mg.is_grad_enabled()
        assert not mg.is_grad_enabled()
    assert mg.is_grad_enabled()
    with off:
        assert not mg.is_grad_enabled()
    assert mg.is_grad_enabled()
