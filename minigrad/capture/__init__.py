"""`mg.capture(step)`: a training step as a flat program of NumPy's calls, which a person can read.

A step is any function of the user's: forward, backward, optimiser, running statistics. At its first
call it runs on arrays that write down what is done to them: capturing is just another backend. From
then on the program runs, and what it costs is what its array calls cost. Its results are those of
the step, bit for bit.

    tape                what a step does, written down, with its origin and naming
    recorded, number    the arrays and numbers that write it down (functions, operators, writing)
    backend, draws      the backend of these arrays, and the generators that it draws from
    references          what a step refers to; arguments, what it is called with
    capturing, loan     the step runs once, on what is lent to the tape
    passes, memory      what is done to a tape before it is printed
    source, program     how it is printed, and the function that this is
    fusing, loops       chains of calls as compiled loops, from when on that pays
    replay, captured    a program on the objects it is for, and which program to run

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
