"""Lines of a test, as the engine's errors name them."""

from __future__ import annotations

import inspect

__all__ = ["here"]


def here(offset: int = 0) -> str:
    """`file:line` of the caller; `offset` lines further down."""
    frame = inspect.stack(context=0)[1]
    return f"{frame.filename}:{frame.lineno + offset}"
