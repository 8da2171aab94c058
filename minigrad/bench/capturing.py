"""A training step, called again and again: as it is written, or captured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..capture import capture
from .timing import Candidate

__all__ = ["stepping"]


def stepping(step: Callable[..., Any], x: Any, t: Any, *, captured: bool) -> Candidate:
    """The step on one batch, which returns the loss as a number."""
    run = capture(step) if captured else step
    return lambda: float(run(x, t))
