"""A captured step: the programs that it became, one for each key, and the choice between them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from threading import RLock
from types import MethodType
from typing import Any

from .arguments import Arguments
from .capturing import record
from .program import Program
from .replay import Replay, modes_now
from .tape import active

__all__ = ["Captured", "capture"]


class Captured:
    """A function that is captured when it is first called, and replayed from then on.

    `programs` holds a program for each key that was met, in that order.
    """

    def __init__(self, function: Callable[..., Any], state: Any = None) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.state = state
        self.programs: list[Program] = []
        self._by_key: dict[Any, list[Program]] = {}
        self._last: Replay | None = None
        self._lock = RLock()
        self._moving = frozenset({"lr"})
        self._numbers: dict[tuple[int, str], float] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if active.get() is not None:  # captured as a part of another step
            return self.function(*args, **kwargs)
        replay = self._last
        if replay is not None:
            leaves = replay.leaves_of(args, kwargs)
            if replay.fits(leaves):
                try:
                    return replay.run(leaves)
                except replay.departs:
                    pass
        with self._lock:  # what another thread captures is lent to its tape meanwhile
            return self._call_anew(args, kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bound, where a class defines a captured method."""
        return self if instance is None else MethodType(self, instance)

    def _call_anew(self, args: Any, kwargs: Any) -> Any:
        """Run the program for what is there now, or capture it."""
        roots = [("", self.function), ("state", self.state)]
        given = Arguments(self.function, args, kwargs, roots, self._moving)
        key = modes_now(), given.key
        for program in self._by_key.get(key, ()):
            replay = Replay(program, given)
            try:
                result = replay.run(given.leaves)
            except replay.departs:
                continue
            self._last = replay
            return result
        if self._has_moved(given.refs.numbers()):
            return self._call_anew(args, kwargs)
        result, recording = record(self.function, given)
        program = Program(self.function, recording)
        self.programs.append(program)
        if not recording.grown:
            self._by_key.setdefault(key, []).append(program)
        return result

    def _has_moved(self, numbers: dict[tuple[int, str], float]) -> bool:
        """Whether a hyperparameter is another than it was, which makes it an input from now on."""
        before, self._numbers = self._numbers, numbers
        moved = {key for key, x in numbers.items() if before.get(key, x) != x}
        new = {name for _, name in moved} - self._moving
        self._moving |= new
        return bool(new)

    @property
    def program(self) -> Program:
        """The program of the last capture. Raises AttributeError before there is one."""
        if not self.programs:
            raise AttributeError("capture: there is no program before the first call")
        return self.programs[-1]


def capture(function: Callable[..., Any], *, state: Any = None) -> Captured:
    """`function`, a training step or any other, as programs of NumPy's calls: see docs/capture.md.

    What it refers to is found by looking: its arguments, closure and globals, modules, optimisers,
    containers. `state` is what can't be found so, a Tensor, a module, an optimiser, or a list of
    them. The result is called as `function` is; raises CaptureError, with nothing changed, for a
    step that a program can't repeat.
    """
    if not callable(function):
        raise TypeError(f"capture: expected a function, got a {type(function).__name__}")
    return Captured(function, state)
