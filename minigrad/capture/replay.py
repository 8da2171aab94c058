"""Replay: a program, tied to the objects that it is run on.

All that the program takes for granted is looked at before each run: that every attribute and every
entry is the object it was, and every array has the form it had. Nothing is bound before the program
has come to its end. This is all that a replay costs besides its array calls, and where those take
twenty microseconds in all, a loop over what is to be looked at would cost too much. So the looking
and the binding are written out as well, line by line, and compiled (`wiring`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from ..autograd.anomaly import watching
from ..autograd.modes import switches
from ..autograd.tree import flatten
from ..backends import get
from ..backends.allowed import _chosen as kernels_chosen
from ..backends.device import _default as default_device
from ..dtypes import _default as default_dtype
from ..random import default_generator
from ..tensor import Leaf, Tensor
from .arguments import Arguments
from .loan import Place
from .program import Program
from .references import PLAIN, array_form, grad_form

__all__ = ["Replay", "modes_now"]

more_switches: list[ContextVar[Any]] = [watching, default_dtype, default_device, kernels_chosen]


def modes_now() -> tuple[Any, ...]:
    """What is switched on and off here: a program is for one setting of it all."""
    return tuple([switch.get() for switch in (*switches, *more_switches)])


class Replay:
    """A program for the very objects that a step refers to, and for arguments like `given`.

    `fits(leaves)` says whether all is as the program takes it for granted, and `run(leaves)` runs
    it, binds what it computes, and returns what the step returns.
    """

    def __init__(self, program: Program, given: Arguments) -> None:
        self.program = program
        self.given = given
        self.departs = program.departs
        self.state = given.refs.tensors
        self.names: dict[str, Any] = {
            **{"Tensor": Tensor, "new": object.__new__, "like": like},
            **{"cpu": get("numpy").default_device(), "grad_form": grad_form, "same": same},
            **{"program": program, "rebuild": program.recording.rebuild},
            **{"held": frozenset(map(id, self.state)), "was": self.look(), "drawing": drawing},
            **{f"p{i}": t for i, t in enumerate(self.state)},
            **{f"t{i}": table.entries for i, table in enumerate(given.refs.tables)},
        }
        self.tables = {id(table.entries): f"t{i}" for i, table in enumerate(given.refs.tables)}
        tests = [*self.modes(), *self.arguments(), *self.entries(), *self.tensors()]
        lines = ["def fits(leaves):", "    try:"]
        lines += [f"        if {test}: return False" for test in tests]
        lines += [
            "    except (LookupError, ValueError):",
            "        return False",
            "    return True",
        ]
        self.wiring = "\n".join([*lines, "", *self.binding(), ""])
        exec(compile(self.wiring, f"<wiring of {program.name}>", "exec"), self.names)
        self.fits, self.run = self.names["fits"], self.names["run"]

    def leaves_of(self, args: Any, kwargs: Any) -> Sequence[Any]:
        """The arguments, flat."""
        return args if self.given.is_flat and not kwargs else flatten((args, kwargs))[0]

    def look(self) -> list[Any]:
        """The arrays and the gradients that the Tensors have now."""
        return [*[t.data for t in self.state], *[t.grad for t in self.state]]

    def known(self, thing: Any) -> str:
        """The name of an object in the wiring."""
        if isinstance(thing, str | int) and type(thing) in (str, int):
            return repr(thing)
        name = f"o{len(self.names)}"
        self.names[name] = thing
        return name

    # --- what is looked at: each line is a reason not to run --------------------------------------

    def modes(self) -> Iterator[str]:
        for switch in (*switches, *more_switches):
            yield f"{self.known(switch.get)}() != {self.known(switch.get())}"

    def arguments(self) -> Iterator[str]:
        leaves, given = self.given.leaves, self.given
        yield f"len(leaves) != {len(leaves)}"
        for i, x in enumerate(leaves):
            here = f"leaves[{i}]"
            if i in given.tensors:
                yield f"(x := {here}).__class__ is not {self.known(x.__class__)} or id(x) in held"
                yield f"not like(x.data, {self.known(array_form(x.data))})"
                yield f"(node := x.node).__class__ is not {self.known(x.node.__class__)}"
                if x.node is not None:
                    yield hooked("node", x.node)
                form = grad_form(x)
                yield (
                    "x.grad is not None" if form is None else f"grad_form(x) != {self.known(form)}"
                )
            elif i in given.arrays:
                yield f"not like({here}, {self.known(array_form(x))})"
            else:
                expected = self.known(x) if not isinstance(x, PLAIN) else self.known((x,)) + "[0]"
                yield f"{here} is not {expected} and not same({here}, {expected})"
        if len(given.tensors) > 1:
            ids = ", ".join(f"id(leaves[{i}])" for i in given.tensors)
            yield f"len({{{ids}}}) < {len(given.tensors)}"

    def entries(self) -> Iterator[str]:
        refs = self.given.refs
        slots = {(id(slot.table), slot.key) for slot in refs.slots}
        for table in refs.tables:
            name, entries = self.tables[id(table.entries)], table.entries
            yield f"len({name}) != {len(entries)}"
            for key, x in entries.items() if isinstance(entries, dict) else enumerate(entries):
                if (id(entries), key) not in slots:
                    yield f"{name}[{self.known(key)}] is not {self.object(x)}"
        for cell in refs.cells:
            yield f"{self.known(cell)}.cell_contents is not {self.object(cell.cell_contents)}"
        for known, key in refs.globals:
            yield f"{self.known(known)}.get({key!r}) is not {self.object(known[key])}"

    def object(self, x: Any) -> str:
        name = f"o{len(self.names)}"
        self.names[name] = x
        return name

    def tensors(self) -> Iterator[str]:
        n = len(self.state)
        for i, t in enumerate(self.state):
            yield f"p{i}.node is not {(node := self.object(t.node))}"
            if isinstance(t.node, Leaf):
                yield hooked(node, t.node)
            form = self.known(array_form(t.data))
            yield f"p{i}.data is not was[{i}] and not like(p{i}.data, {form})"
            form = self.known(grad_form(t))
            yield f"p{i}.grad is not was[{n + i}] and grad_form(p{i}) != {form}"

    # --- what is run and bound --------------------------------------------------------------------

    def binding(self) -> Iterator[str]:
        recording, program = self.program.recording, self.program
        yield "def run(leaves):"
        if program.due is not None:
            self.names["replayed"] = program.replayed
            yield f"    if replayed() == {program.due}: program.fuse()"
        inputs = [self.source(p) for p, _ in program.inputs if p.kind != "generator"]
        call = f"program.fastest({', '.join(inputs)})"
        generators = program.places_in["generator"]
        if generators:
            values = "".join(f"{value}, " for value in inputs)
            sources = self.object(generators)
            call = f"drawing(program.fastest, {self.object(self.departs)}, ({values}), {sources})"
        targets = [self.target(place) for place, _ in program.outputs]
        yield f"    {''.join(f'{target}, ' for target in targets)}{'= ' if targets else ''}{call}"
        for i in program.places_out["grad"]:
            yield f"    g = {self.tensor(i)}.grad = new(Tensor)"
            node = self.object(recording.barriers[i])
            yield f"    g.data = g{i}; g.device = cpu; g.node = {node}; g.grad = None"
        for i in recording.cleared:
            yield f"    {self.tensor(i)}.grad = None"
        if program.settled:
            n = range(len(self.state))
            now = [*[f"p{i}.data" for i in n], *[f"p{i}.grad" for i in n]]
            yield f"    was[:] = [{', '.join(now)}]"
        parts = [self.part(place) for place in recording.returned]
        whole = f"rebuild([{', '.join(parts)}])"
        yield f"    return {parts[0] if recording.single else whole}"

    def tensor(self, i: int) -> str:
        """The Tensor of that number: an argument, or one that the step refers to."""
        given = self.given.tensors
        return f"leaves[{given[i]}]" if i < len(given) else f"p{i - len(given)}"

    def source(self, place: Place) -> str:
        kind, which = place
        if kind == "array":
            return f"leaves[{self.given.arrays[which]}]"
        if kind == "slot":
            return self.slot(which)
        return f"{self.tensor(which)}.{'data' if kind == 'data' else 'grad.data'}"

    def target(self, place: Place) -> str:
        kind, which = place
        if kind == "data":
            return f"{self.tensor(which)}.data"
        return self.slot(which) if kind == "slot" else f"{kind[0]}{which}"

    def slot(self, which: int) -> str:
        slot = self.given.refs.slots[which]
        if slot.entry is not None:
            return f"{self.object(slot)}.content"
        if id(slot.table) not in self.tables:
            self.tables[id(slot.table)] = self.object(slot.table)
        return f"{self.tables[id(slot.table)]}[{slot.key!r}]"

    def part(self, place: Place) -> str:
        """One of the leaves of what the step returns."""
        kind, which = place
        if kind == "value":
            return self.object(which)
        if kind in ("held", "held grad"):
            return self.tensor(which) + (".grad" if kind == "held grad" else "")
        i, node = which
        return f"r{i}" if kind == "array" else f"Tensor(r{i}, cpu, {self.object(node)})"


def hooked(name: str, node: Any) -> str:
    """Whether there are hooks: which ones, only the key says, so with any a replay never fits."""
    return "True" if node.hooks else f"{name}.hooks"


def like(a: Any, form: Any) -> bool:
    """Whether an array of NumPy's has this class, shape, dtype and layout."""
    kind, shape, dtype, strides = form
    return a.__class__ is kind and a.dtype is dtype and a.shape == shape and a.strides == strides


def same(x: Any, expected: Any) -> bool:
    """Whether a value of Python's is the same as another."""
    return x.__class__ is expected.__class__ and isinstance(x, PLAIN) and x == expected


def drawing(function: Any, departs: Any, values: Any, sources: Any) -> Any:
    """Run a program that draws; if it departs, its draws have not been made."""
    generators = [(default_generator() if g is None else g).numpy for g in sources]
    states = [g.bit_generator.state for g in generators] if departs else ()
    try:
        return function(*values, *generators)
    except departs:
        for generator, state in zip(generators, states, strict=True):
            generator.bit_generator.state = state
        raise
