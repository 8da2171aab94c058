"""A training step, called again and again: as it is written, or captured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minigrad as mg

from .timing import Candidate

__all__ = ["can_capture", "stepping"]


def stepping(step: Callable[..., Any], x: Any, t: Any, captured: bool) -> Candidate:
    """The step on one batch, which returns the loss as a number."""
    capture: Any = mg.capture if captured else lambda step: step
    run = capture(step)
    return lambda: float(run(x, t))


def can_capture() -> bool:
    """Whether `mg.capture` is there."""
    return hasattr(mg, "capture")
