"""Where an instruction comes from: part of the step, operation, module, the user's line.

Read off the stack while a step is captured, which may take its time.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect
from importlib.util import find_spec
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..autograd.graph import backward
from ..autograd.walk import walk
from ..nn.hooks import ForwardHooks
from ..nn.module import Module
from ..node import next_index
from ..operation import Primitive
from ..optim.optimizer import Optimizer
from ..straight import Binary, Unary
from ..where import describe, is_ours
from .naming import local_name

__all__ = ["Origin", "Origins", "is_library", "line_of", "made_by_us", "name_here"]

APPLY = {kind.apply.__code__ for kind in (Primitive, Unary, Binary)}
CALL = Module.__call__.__code__
STEP = Optimizer.step.__code__
FORWARD = ForwardHooks.call.__code__
WALK = walk.__code__
BACKWARD = backward.__code__
HERE = os.path.dirname(__file__) + os.sep
LIBRARIES = tuple(
    os.path.dirname(find_spec(name).origin) + os.sep  # type: ignore[arg-type, union-attr]
    for name in ("numpy", "array_api_compat")
)


class Origin(NamedTuple):
    """The part of the step, what is done there, and the line of the user's that asks for it."""

    part: str
    title: str
    line: str


def name_here() -> str:
    """The name that the code which runs now gives to its result."""
    return local_name(sys._getframe(1), APPLY | {CALL, FORWARD}, HERE)


class Origins:
    """The origins of one step's instructions; `names` are those of modules and Tensors, by id."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names
        self.marks: list[int] = []
        self.forward: list[str] = []

    def here(self) -> Origin:
        """The origin of what is running now."""
        operation = inside = place = line = ""
        frame: Any = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if code in APPLY and not operation:
                operation = frame.f_locals["self"].name
            elif code is CALL and not place:
                place = self.names.get(id(frame.f_locals["self"]), "")
            elif code is STEP:
                return Origin("update", type(frame.f_locals["self"]).__name__, line_of(frame))
            elif code is WALK:
                node = frame.f_locals["node"]
                i = bisect(self.marks, node.index) - 1
                title = self.forward[i] if i >= 0 else node.primitive.name
                return Origin("backward", f"gradient of {title}", describe(*node.where))
            elif code is BACKWARD:
                return Origin("backward", "added to the gradients there are", line_of(frame))
            elif not is_library(code.co_filename):
                line = line_of(frame)
                break
            elif not inside and is_ours[code.co_filename] and not frame_of_capture(code):
                inside = code.co_name
            frame = frame.f_back
        operation = operation or inside
        title = f"{place}: {operation}" if place and operation else operation or place
        self.marks.append(next_index())
        self.forward.append(title)
        return Origin("forward", title, line)


def made_by_us() -> bool:
    """Whether minigrad itself, and not the user's code, has called the tape."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith((HERE, *LIBRARIES)):
        frame = frame.f_back
    return frame is not None and is_ours[frame.f_code.co_filename]


def frame_of_capture(code: CodeType) -> bool:
    """Whether this is the tape's own work."""
    return code.co_filename.startswith(HERE)


def is_library(file: str) -> bool:
    """Whether a file is minigrad's, or of the libraries through which it calls NumPy."""
    return is_ours[file] or file.startswith(LIBRARIES)


def line_of(frame: FrameType | None) -> str:
    """The line of the user's that leads to a frame."""
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return "" if frame is None else describe(frame.f_code, frame.f_lasti)
