"""Which line of the user's program is this? The nearest frame outside minigrad.

Every recorded operation notes it, so it has to cost next to nothing: a code object and an
instruction number now, file and line only when an error wants them.
"""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType

__all__ = ["caller", "describe", "is_ours", "outside"]

_frame = sys._getframe
_PACKAGE = os.path.dirname(__file__)
_FOLDERS = (_PACKAGE + os.sep, _PACKAGE + "_bn" + os.sep)
# What is timed there stands for a user's program, and must not cost more than one.
_PROGRAMS = os.path.join(_PACKAGE, "bench") + os.sep


class _Ours(dict[str, bool]):
    """Whether a file belongs to minigrad, asked once a file."""

    def __missing__(self, filename: str) -> bool:
        self[filename] = filename.startswith(_FOLDERS) and not filename.startswith(_PROGRAMS)
        return self[filename]


is_ours = _Ours()


def outside(frame: FrameType) -> FrameType:
    """The nearest frame, from this one outward, that is not minigrad's own."""
    while is_ours[frame.f_code.co_filename] and frame.f_back is not None:
        frame = frame.f_back
    return frame


def caller(depth: int = 2) -> tuple[CodeType, int]:
    """The code and instruction of the nearest frame that is not minigrad's own.

    `depth` frames, this one among them, are known to be.
    """
    frame = outside(_frame(depth))
    return frame.f_code, frame.f_lasti


def describe(code: CodeType, instruction: int) -> str:
    """`file:line` of an instruction."""
    lines = [line for start, end, line in code.co_lines() if start <= instruction < end]
    return f"{code.co_filename}:{lines[0] if lines else code.co_firstlineno}"
