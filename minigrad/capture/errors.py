"""What a program can't hold, and what to do instead."""

from __future__ import annotations

import sys

from .origin import line_of

__all__ = ["CaptureError", "refusal"]


class CaptureError(RuntimeError):
    """The step does something that a program of array calls can't repeat."""


def refusal(what: str, way_out: str) -> CaptureError:
    """The error for what a step does, with the line of the user's that does it."""
    return CaptureError(f"capture: {what}, at {line_of(sys._getframe(1))}; {way_out}")
