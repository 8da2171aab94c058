"""Nothing is timed that does not agree, candidates take turns, and ratios are those of rounds."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.bench import (
    Candidate,
    DisagreementError,
    Effort,
    Ratio,
    Series,
    check_agreement,
    geometric_mean,
    interleaved,
)


def test_candidates_that_agree_up_to_rounding_pass() -> None:
    one = np.linspace(-3, 3, 7, dtype="float32")
    check_agreement({"one": lambda: (one, 2.0), "two": lambda: [one * np.float32(1 + 1e-6), 2]})


@pytest.mark.parametrize("wrong", [np.nan, 2.1, -2.0])
def test_a_candidate_that_computes_something_else_is_named(wrong: float) -> None:
    candidates: dict[str, Candidate] = {"one": lambda: (1.0, 2.0), "two": lambda: (1.0, wrong)}
    with pytest.raises(DisagreementError, match="value 1 of call 0 of two is off by"):
        check_agreement(candidates)


def test_a_step_that_goes_another_way_later_is_named() -> None:
    one, two = iter([1.0, 2.0, 3.0]), iter([1.0, 2.0, 4.0])
    with pytest.raises(DisagreementError, match="call 2 of two"):
        check_agreement({"one": lambda: next(one), "two": lambda: next(two)}, calls=3)


def test_a_candidate_that_returns_less_is_named() -> None:
    with pytest.raises(DisagreementError, match="two returns 1 values"):
        check_agreement({"one": lambda: (1.0, 2.0), "two": lambda: (1.0,)})


def test_candidates_take_turns() -> None:
    called: list[str] = []
    effort = Effort(rounds=3, turn=0)
    candidates: dict[str, Candidate] = {n: lambda n=n: called.append(n) for n in "ab"}
    series = interleaved(candidates, effort)
    assert called[-12:] == ["a", "a", "b", "b"] * 3  # the first call of a turn is not counted
    assert all(len(one.rounds) == 3 for one in series.values())


def test_long_calls_get_fewer_rounds_but_seven() -> None:
    effort = Effort(rounds=40, turn=0.005, seconds=6.5)
    assert effort.rounds_of([1e-6]) == 40
    assert effort.rounds_of([0.1, 0.2]) == 10
    assert effort.rounds_of([60.0]) == 7


def test_a_ratio_is_that_of_each_round() -> None:
    ours, theirs = Series((1.0, 20.0, 3.0)), Series((2.0, 10.0, 3.0))
    assert ours.over(theirs) == Ratio(1.0, 0.75, 1.5)
    assert (ours.median, ours.spread) == (3.0, pytest.approx((11.5 - 2.0) / 2 / 3))


def test_twice_and_half_are_once_on_the_whole() -> None:
    assert geometric_mean([2.0, 0.5]) == pytest.approx(1.0)
