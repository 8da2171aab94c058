"""docs/subgradients.md is read, and each line of it evaluated: on every backend, and by PyTorch."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing.oracles import torch
from minigrad.testing.suite.checks import needs_torch

page = Path(__file__).parents[2] / "docs" / "subgradients.md"
numbers = {"inf": math.inf, "nan": math.nan}

Values = list[Any]


class Line(NamedTuple):
    """One line: a function, the values of its inputs, their derivatives, and PyTorch's side."""

    function: str
    point: dict[str, Any]
    derivative: Values
    oracle: str
    oracle_derivative: Values


def values(text: str) -> Values:
    return [eval(part, numbers) for part in text.split(";")]


def lines() -> list[Line]:
    found = []
    for text in page.read_text().splitlines():
        cells = [re.findall("`([^`]+)`", cell) for cell in text.strip("|").split("|")]
        if text.startswith("| `"):
            ((function,), (point,), (derivative,), oracle) = cells
            inputs = dict(part.split(" = ") for part in point.split("; "))
            found.append(
                Line(
                    function,
                    {name: eval(value, numbers) for name, value in inputs.items()},
                    values(derivative),
                    oracle[0],
                    values(oracle[-1] if len(oracle) > 1 else derivative),
                )
            )
    return found


every_line = pytest.mark.parametrize(
    "line", lines(), ids=lambda line: f"{line.function} at {line.point}"
)


def evaluate(function: str, inputs: dict[str, Any]) -> list[Any]:
    """The gradients of the sum of the function's value by its inputs."""
    y = eval(function, {**numbers, "mg": mg, "torch": torch, **inputs})
    y.sum().backward()
    return [np.asarray(x.grad.tolist()) for x in inputs.values()]


def test_the_page_has_lines() -> None:
    assert len(lines()) > 50


@every_line
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_derivative_is_that_of_the_table(line: Line, dtype: str, device: Any) -> None:
    make = lambda value: mg.tensor(value, dtype=dtype, device=device, requires_grad=True)
    found = evaluate(line.function, {name: make(v) for name, v in line.point.items()})
    for actual, expected in zip(found, line.derivative, strict=True):
        np.testing.assert_array_equal(actual, expected)


@every_line
@needs_torch
@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
def test_the_derivative_is_pytorchs(line: Line) -> None:
    make = lambda value: torch.tensor(value, dtype=torch.float64, requires_grad=True)
    found = evaluate(line.oracle, {name: make(v) for name, v in line.point.items()})
    for actual, expected in zip(found, line.oracle_derivative, strict=True):
        np.testing.assert_array_equal(actual, expected)
