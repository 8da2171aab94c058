"""How the tests of the command line call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from minigrad.cli.app import run


class Result(NamedTuple):
    status: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture
def minigrad(capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line with these arguments, in this process."""

    def call(*args: object) -> Result:
        status = run([str(arg) for arg in args])
        return Result(status, *capfd.readouterr())

    return call
