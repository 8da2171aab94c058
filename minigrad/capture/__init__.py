"""`mg.capture(step)`: a training step as a flat program of NumPy's calls, which a person can read.

A step is any function of the user's: forward, backward, optimiser, running statistics. At its first
call it runs on arrays that write down what is done to them: capturing is just another backend. From
then on the program runs, and what it costs is what its array calls cost. Its results are those of
the step, bit for bit.

    tape        what a step does, written down          recorded, number   what writes it down
    writing     calls as source                          backend            the backend of both
    references  what a step refers to                    arguments          what it is called with
    capturing   the step runs, with the tape running     passes/            what is done to a tape
    program     source, and the function that it is      source             how it is printed
    replay      a program on the objects it is for       captured           which program to run

This package is itself the function: a module that is called `mg.capture` can't be both otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .captured import Captured, capture
from .errors import CaptureError
from .program import Program

__all__ = ["CaptureError", "Captured", "Program", "capture"]


class Package(ModuleType):
    """A package that can be called."""

    def __call__(self, function: Callable[..., Any], *, state: Any = None) -> Captured:
        """The same as `minigrad.capture.capture`."""
        return capture(function, state=state)


sys.modules[__name__].__class__ = Package
