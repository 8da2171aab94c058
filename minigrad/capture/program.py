"""A program: the source of a NumPy function, that function, and where its values belong."""

from __future__ import annotations

import linecache
import math
import os
from collections.abc import Callable
from functools import cached_property
from itertools import count
from typing import Any

from ..backends.allowed import allowed
from .capturing import Recording
from .fusing import fused, may_fuse, pays_after, worth_fusing
from .loan import Place
from .passes import Chain, common_subexpressions, constants, live_only
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

    `source` is a plain NumPy function, which runs without minigrad; `function` is what it defines,
    and `fastest` what replays run: the same, until its chains are compiled (see `fusing`).
    """

    def __init__(self, function: Callable[..., Any], recording: Recording) -> None:
        self.recording = recording
        name = getattr(function, "__name__", "program")
        self.name = name if name.isidentifier() else "program"
        code = getattr(function, "__code__", None)
        where = f" at {os.path.basename(code.co_filename)}:{code.co_firstlineno}" if code else ""
        self.heading = f"{self.name}, captured{where}."
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
        self.once, self.instructions = constants(instructions, leaving)
        self.namer = self.named()
        self.source = self.written(self.instructions)
        self.function = self.fastest = self.compiled(self.source)
        self.departed = self.function.__globals__.get("Departed")
        self.departs: tuple[Any, ...] = () if self.departed is None else (self.departed,)
        self.allowed = allowed()
        self.replayed = count(1).__next__

    def named(self) -> Namer:
        """Call inputs and outputs what they are in the step; all else is named when written."""
        namer = Namer([self.name, *[each.name for each in self.recording.tape.named.values()]])
        shorten([value for _, value in self.recording.inputs])
        for _, value in self.inputs:
            namer.name(value, value.name)
        owners = {place: value.name for place, value in self.recording.inputs}
        for place, value in self.outputs:
            if not value.name and place.kind != "result":
                owner = owners[Place("data", place.which) if place.kind == "grad" else place]
                namer.name(value, f"{'grad' if place.kind == 'grad' else 'new'}_{owner}")
        return namer

    def written(self, instructions: list[Instruction]) -> str:
        """The source of the program, made of these instructions."""
        returned: dict[str, list[Value]] = {}
        for place, value in self.outputs:
            returned.setdefault(KINDS[place.kind], []).append(value)
        return source_of(
            self.name,
            self.heading,
            self.recording.tape,
            [value for _, value in self.inputs],
            self.once,
            instructions,
            returned,
            self.namer,
        )

    def compiled(self, source: str) -> Callable[..., tuple[Any, ...]]:
        """The function that a source defines; tracebacks show its lines."""
        file = f"<{self.name}, captured, {next(numbers)}>"
        linecache.cache[file] = len(source), None, source.splitlines(True), file
        named = self.recording.tape.named.values()
        namespace: dict[str, Any] = {n.name: n.thing for n in named if n.line.startswith("#")}
        exec(compile(source, file, "exec"), namespace)
        return namespace[self.name]

    # --- the chains of calls that compiled loops may stand for ------------------------------------

    @cached_property
    def chains(self) -> list[Chain]:
        """Those that are worth a loop; none where numba may not be used, or is not there."""
        leaving = [value for _, value in self.outputs]
        return worth_fusing(self.instructions, leaving) if may_fuse(self.allowed) else []

    @cached_property
    def fused_source(self) -> str:
        """The source with its chains fused; it needs the loops that it shows as remarks."""
        return self.written(fused(self.instructions, self.chains, self.recording.tape))

    @cached_property
    def due(self) -> int | None:
        """With which replay compiling the chains will have paid; None if there are none."""
        if self.chains and self.allowed.least == 0:
            return 1
        return math.ceil(pays_after(self.chains)) if self.chains else None

    def fuse(self) -> None:
        """Let replays run with compiled chains from now on, whether or not it pays yet.

        Where numba may not be used, is not there or fails, nothing changes.
        """
        if not self.chains:
            return
        try:
            function = self.compiled(self.fused_source)
        except Exception as error:
            library = type(error).__module__.partition(".")[0]
            if not isinstance(error, ImportError) and library not in ("numba", "llvmlite"):
                raise
            return
        function.__globals__["Departed"] = self.departed
        self.fastest = function

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
