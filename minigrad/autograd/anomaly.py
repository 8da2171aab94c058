"""The first NaN or infinity: which operation made it, on which line, and of what.

Operations are watched by a wrapper around their functions of arrays, which is there only while
somebody watches; the walk looks at what each rule returned.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from types import FrameType
from typing import Any

import numpy as np

from ..backends import Backend, backend_of
from ..inputs import describe
from ..primitive import Primitive, observe
from ..tensor import Node, Tensor
from ..where import caller
from ..where import describe as line_of
from .modes import Mode

__all__ = ["detect_anomaly", "watching"]

watching: ContextVar[Watch | None] = ContextVar("minigrad_watching", default=None)

_watchers = 0
_lock = Lock()


class detect_anomaly(Mode):
    """Raise FloatingPointError at the first NaN or infinity, inside a block or a function.

    The error of a forward names the operation, its inputs and the line of the program; that of a
    backward also the rule, and the line that recorded the operation. Either says whether what went
    in was finite. With `infinities=False`, only NaN counts: masks of -inf may pass. Every result is
    looked at, which on a GPU means to wait for it.
    """

    flag = watching

    def __init__(self, infinities: bool = True) -> None:
        self.mode = Watch(infinities)

    def __enter__(self) -> None:
        global _watchers
        with _lock:
            _watchers += 1
            if _watchers == 1:
                observe(watched)
        super().__enter__()

    def __exit__(self, *exception: object) -> None:
        global _watchers
        super().__exit__(*exception)
        with _lock:
            _watchers -= 1
            if _watchers == 0:
                observe(None)


def watched(
    operation: Primitive, backend: Backend, function: Callable[..., Any]
) -> Callable[..., Any]:
    """The raw function of an operation, its result looked at where somebody watches."""

    def look_at_result(*raw: Any, **params: Any) -> Any:
        y = function(*raw, **params)
        watch = watching.get()
        if watch is not None:
            watch.forward(operation, raw, y[0] if operation.residuals else y)
        return y

    return look_at_result


class Watch:
    """What counts as an anomaly, and what is said about one."""

    def __init__(self, infinities: bool) -> None:
        self.infinities = infinities

    def forward(self, operation: Primitive, raw: tuple[Any, ...], y: Any) -> None:
        """Raise if the result `y` of an operation on raw inputs is an anomaly."""
        found = self.anomaly(y)
        if found is None or in_a_walk():
            return
        inputs = ", ".join(describe(as_tensor(x)) for x in raw)
        raise FloatingPointError(
            f"detect_anomaly: {operation.name} of {inputs} made {found}, at {line_of(*caller())}; "
            f"{self.of_inputs(raw)}"
        )

    def gradient(self, node: Node, i: int, g: Any, gradient: Any) -> None:
        """Raise if the gradient for input i of a node, made of its output's `g`, is an anomaly."""
        found = self.anomaly(gradient)
        if found is None:
            return
        before = self.anomaly(g)
        raise FloatingPointError(
            f"detect_anomaly: the gradient of {node!r}, for input {i} has {found}; "
            "the gradient that reached its output "
            + ("is finite" if before is None else f"had {before} already")
        )

    def of_inputs(self, raw: tuple[Any, ...]) -> str:
        """Whether the inputs were finite."""
        for i, x in enumerate(raw):
            found = self.anomaly(x)
            if found is not None:
                return f"its input {i} had {found} already"
        return "its inputs are finite"

    def anomaly(self, x: Any) -> str | None:
        """The first anomaly in an array or number, as a text; None if there is none."""
        x = x.data if isinstance(x, Tensor) else x
        backend = backend_of(x)
        if backend is None:
            values = np.asarray(x)
            bad = self.is_bad(np, values) if values.dtype.kind in "fc" else np.zeros((), bool)
        elif backend.dtype_of(x).kind not in "fc":
            return None
        else:
            flags = self.is_bad(backend.xp, x)
            if not bool(backend.xp.any(flags)):
                return None
            values, bad = backend.to_numpy(x), backend.to_numpy(flags)
        if not bad.any():
            return None
        first = tuple(int(n) for n in np.argwhere(bad)[0])
        where = f" at {list(first)} ({bad.sum()} of {bad.size} elements)" if first else ""
        return f"{values[first]}{where}"

    def is_bad(self, xp: Any, x: Any) -> Any:
        """Which elements are anomalies."""
        return ~xp.isfinite(x) if self.infinities else xp.isnan(x)


def as_tensor(x: Any) -> Any:
    """A raw array as a Tensor; a number as it is."""
    backend = backend_of(x)
    return x if backend is None else Tensor(x, backend.device_of(x))


def in_a_walk() -> bool:
    """Whether this is a step of some rule, whose result the walk looks at as a whole."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == f"{__package__}.walk":
            return True
        frame = frame.f_back
    return False
