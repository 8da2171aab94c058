"""A program: the source of a NumPy function, that function, and where its values belong."""

from __future__ import annotations

import linecache
import os
from collections.abc import Callable
from itertools import count
from typing import Any

from .capturing import Recording
from .loan import Place
from .passes import common_subexpressions, constants, live_only
from .source import Namer, source_of
from .tape import Instruction, Value

__all__ = ["Program"]

KINDS = {
    "array": "arrays",
    "data": "new values",
    "grad": "gradients",
    "slot": "state",
    "generator": "generators",
    "result": "results",
}
numbers = count(1)


class Program:
    """What a step does, as a function of arrays.

    `source` is a plain NumPy function, which runs without minigrad; `function` is what it defines.
    """

    def __init__(self, function: Callable[..., Any], recording: Recording) -> None:
        self.recording = recording
        name = getattr(function, "__name__", "program")
        self.name = name if name.isidentifier() else "program"
        leaving = [value for _, value in recording.outputs]
        instructions = live_only(recording.tape.instructions, leaving)
        instructions = live_only(common_subexpressions(instructions, leaving), leaving)
        read = {value for i in instructions for value in i.operands} | set(leaving)
        self.inputs = by_kind([(g, value) for g, value in recording.inputs if value in read])
        self.outputs = by_kind(recording.outputs)
        self.places_in = places(self.inputs)
        self.places_out = places(self.outputs)
        # Whether what it leaves has the form of what it found, so that it may run again.
        forms = {place: form_of(value) for place, value in recording.inputs}
        leaves = {place: form_of(v) for place, v in recording.outputs if place.kind != "result"}
        self.settled = not recording.cleared and all(
            forms.get(place) == form for place, form in leaves.items()
        )
        self.source = self.written(function, instructions)
        self.function = self.compiled()

    def written(self, function: Callable[..., Any], instructions: list[Instruction]) -> str:
        named = self.recording.tape.named.values()
        namer = Namer([self.name, *[each.name for each in named]])
        shorten([value for _, value in self.recording.inputs])
        for _, value in self.inputs:
            namer.name(value, value.name)
        owners = {place: value.name for place, value in self.recording.inputs}
        for place, value in self.outputs:
            if not value.name and place.kind != "result":
                owner = owners[Place("data", place.which) if place.kind == "grad" else place]
                namer.name(value, f"{'grad' if place.kind == 'grad' else 'new'}_{owner}")
        leaving = [value for _, value in self.outputs]
        once, instructions = constants(instructions, leaving)
        code = getattr(function, "__code__", None)
        where = f" at {os.path.basename(code.co_filename)}:{code.co_firstlineno}" if code else ""
        returned: dict[str, list[Value]] = {}
        for place, value in self.outputs:
            returned.setdefault(KINDS[place.kind], []).append(value)
        return source_of(
            self.name,
            f"{self.name}, captured{where}.",
            self.recording.tape,
            [value for _, value in self.inputs],
            once,
            instructions,
            returned,
            namer,
        )

    def compiled(self) -> Callable[..., tuple[Any, ...]]:
        """The function that the source defines; tracebacks show its lines."""
        file = f"<{self.name}, captured, {next(numbers)}>"
        linecache.cache[file] = len(self.source), None, self.source.splitlines(True), file
        named = self.recording.tape.named.values()
        self.namespace = {n.name: n.thing for n in named if n.line.startswith("#")}
        exec(compile(self.source, file, "exec"), self.namespace)
        departed = self.namespace.get("Departed")
        self.departs: tuple[Any, ...] = () if departed is None else (departed,)
        return self.namespace[self.name]

    def __repr__(self) -> str:
        return f"<program {self.name!r}>"


def shorten(values: list[Value]) -> None:
    """Leave out the name of the net, if there is one only: `weight` for `model.weight`."""
    paths = [value for value in values if "." in value.name]
    roots = {value.name.removeprefix("grad_").partition(".")[0] for value in paths}
    rests = [value.name.partition(".")[2] for value in paths]
    if len(roots) == 1 and not any(rest[0].isdigit() for rest in rests):
        for value, rest in zip(paths, rests, strict=True):
            value.name = f"grad_{rest}" if value.name.startswith("grad_") else rest


def form_of(value: Value) -> Any:
    return value.shape, value.dtype, value.strides


def by_kind(pairs: list[tuple[Place, Value]]) -> list[tuple[Place, Value]]:
    """Inputs or outputs in the order in which a program has them."""
    order = list(KINDS)
    return sorted(pairs, key=lambda pair: order.index(pair[0].kind))


def places(pairs: list[tuple[Place, Value]]) -> dict[str, list[Any]]:
    """The places of inputs or outputs, by kind."""
    return {kind: [place.which for place, _ in pairs if place.kind == kind] for kind in KINDS}
