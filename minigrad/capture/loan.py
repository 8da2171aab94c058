"""What a step refers to, lent to a tape while it runs, and given back with its new values."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..backends import get
from ..tensor import Tensor
from .backend import device
from .errors import CaptureError
from .number import Number
from .recorded import wrap
from .references import References, Table
from .tape import OnTape, Tape, Value

__all__ = ["Loan", "Place"]


class Place(NamedTuple):
    """Where a program finds an input, or puts an output.

    `kind` is one of data and grad (of the Tensor of that number), slot, array, generator, result.
    """

    kind: str
    which: Any


class Loan:
    """Tensors hold arrays of the tape as long as it lasts, and so do the slots of optimisers."""

    def __init__(
        self, tape: Tape, refs: References, tensors: list[Tensor], names: list[str]
    ) -> None:
        self.tape, self.refs, self.tensors, self.names = tape, refs, tensors, names
        self.cpu = get("numpy").default_device()
        self.inputs: list[tuple[Place, Value]] = []
        self.outputs: list[tuple[Place, Value]] = []
        self.cleared: list[int] = []
        self.barriers: dict[int, Any] = {}
        self.before = [(t.data, t.node, t.grad) for t in tensors]
        self.grads = [(t.grad, t.grad.data) for t in tensors if t.grad is not None]
        self.tables = [copy_of(table.entries) for table in refs.tables]
        for i, (t, name) in enumerate(zip(tensors, names, strict=True)):
            self.lend(t, Place("data", i), name)
            if t.grad is not None:
                self.lend(t.grad, Place("grad", i), f"grad_{name}")
        for i, slot in enumerate(refs.slots):
            owner = refs.names.get(id(slot.owner))
            name = slot.name if owner is None else f"{owner}.{slot.name}"
            slot.content = self.take(slot.content, Place("slot", i), name)

    def lend(self, t: Tensor, place: Place, name: str) -> None:
        t.data, t.device = self.take(t.data, place, name), device()

    def take(self, real: Any, place: Place, name: str) -> Any:
        """What stands on the tape for an array or a number of the world."""
        value = Value(real, name)
        self.inputs.append((place, value))
        array = isinstance(real, np.ndarray | np.generic)
        return wrap(real, self.tape, value) if array else Number(real, value, self.tape)

    # --- the end of a step ------------------------------------------------------------------------

    def check(self) -> None:
        """Raise CaptureError if the step has changed what a replay would not change."""
        for table, before in zip(self.refs.tables, self.tables, strict=True):
            if not table.grows:
                self.check_table(table, before)
        for t, (_, node, _), name in zip(self.tensors, self.before, self.names, strict=True):
            if type(t.node) is not type(node):
                now = "requires no grad" if t.node is None else f"keeps a graph, {t.node!r}"
                raise CaptureError(
                    f"capture: {name!r} {now} after the step, and not before, which a replay would "
                    "not repeat; assign a value without history, as in x[...] = y.detach(), and "
                    "call requires_grad_() outside"
                )

    def check_table(self, table: Table, before: Any) -> None:
        slots = {slot.key for slot in self.refs.slots if slot.table is table.entries}
        now = keyed(table.entries)
        then = keyed(before)
        for key in {**then, **now}:
            private = isinstance(key, str) and key.startswith("_")
            if key in slots or private or now.get(key, MISSING) is then.get(key, MISSING):
                continue
            raise CaptureError(
                f"capture: the step changes {place_of(table.name, key)} from "
                f"{shown(then.get(key, MISSING))} to {shown(now.get(key, MISSING))}, and a replay "
                "would not; change it outside the step, or keep it in a Tensor that is given a "
                "new value: x[...] = value"
            )

    def give_back(self) -> bool:
        """Leave new values in the place of those lent; whether an optimiser's state has grown."""
        lent = dict(self.inputs)

        def settled(x: Any, place: Place) -> Any:
            if not isinstance(x, OnTape):
                raise CaptureError(
                    f"capture: the step leaves {type(x).__name__} {shown(x)} where "
                    f"{lent[place].name!r} was, and a replay would not; compute it from what the "
                    "step is given"
                )
            if x.value is not lent.get(place):
                self.outputs.append((place, x.value))
            return x.real

        for i, (t, (_, _, grad)) in enumerate(zip(self.tensors, self.before, strict=True)):
            t.data, t.device = settled(t.data, Place("data", i)), self.cpu
            if t.grad is None:
                if grad is not None:
                    self.cleared.append(i)
                continue
            t.grad.data, t.grad.device = settled(t.grad.data, Place("grad", i)), self.cpu
            self.barriers[i] = t.grad.node
        for grad, data in self.grads:
            if grad.device is not self.cpu:  # another one has taken its place
                grad.data, grad.device = data, self.cpu
        for i, slot in enumerate(self.refs.slots):
            slot.content = settled(slot.content, Place("slot", i))
        grown = [made_real(table.entries) for table in self.refs.tables if table.grows]
        return any(grown)

    def restore(self) -> None:
        """Make everything as it was before."""
        for t, (data, node, grad) in zip(self.tensors, self.before, strict=True):
            t.data, t.device, t.node, t.grad = data, self.cpu, node, grad
        for grad, data in self.grads:
            grad.data, grad.device = data, self.cpu
        for table, before in zip(self.refs.tables, self.tables, strict=True):
            entries: Any = table.entries
            entries.clear()
            entries.update(before) if isinstance(entries, dict) else entries.extend(before)


MISSING = object()


def copy_of(entries: Any) -> Any:
    return dict(entries) if isinstance(entries, dict) else list(entries)


def keyed(entries: Any) -> dict[Any, Any]:
    return entries if isinstance(entries, dict) else dict(enumerate(entries))


def place_of(name: str, key: Any) -> str:
    return f"{name}.{key}" if isinstance(key, str) and key.isidentifier() else f"{name}[{key!r}]"


def shown(x: Any) -> str:
    """A value for an error message: whatever it is, in a few words."""
    if x is MISSING:
        return "nothing"
    if isinstance(x, Tensor | OnTape):
        return "a Tensor" if isinstance(x, Tensor) else "an array"
    text = repr(x)
    return text if len(text) <= 40 else f"a {type(x).__name__}"


def made_real(entries: dict[Any, Any]) -> bool:
    """Whether a table of an optimiser's state had entries that were new, which become real."""
    new = [key for key, x in entries.items() if isinstance(x, OnTape)]
    for key in new:
        entries[key] = entries[key].real
    inside = [made_real(x) for x in entries.values() if isinstance(x, dict)]
    return bool(new) or any(inside)
