"""Replay: a program, tied to the objects that it is run on.

All that the program takes for granted is looked at before each run, in a few microseconds: that
every attribute and every entry is the object it was, and every array has the form it had. Nothing
is bound before the program has come to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from operator import attrgetter, is_
from typing import Any

import numpy as np

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
from .program import Program
from .references import PLAIN, array_form, grad_form

__all__ = ["Replay", "modes_now"]

data_of, grad_of, node_of, hooks_of = map(attrgetter, ("data", "grad", "node", "hooks"))

more_switches: list[ContextVar[Any]] = [default_dtype, default_device, kernels_chosen]


def modes_now() -> tuple[Any, ...]:
    """What is switched on and off here: a program is for one setting of it all."""
    return (
        watching.get() is None,
        *[switch.get() for switch in switches],
        *[switch.get() for switch in more_switches],
    )


class Replay:
    """A program for the very objects that a step refers to, and for arguments like `given`."""

    def __init__(self, program: Program, given: Arguments) -> None:
        self.program = program
        self.refs = refs = given.refs
        self.modes = modes_now()
        self.is_flat = given.is_flat
        # What the step refers to.
        self.slots = refs.places()
        self.contents = refs.contents()
        self.state = state = refs.tensors
        self.nodes = list(map(node_of, state))
        self.leaves = [node for node in self.nodes if isinstance(node, Leaf)]
        self.hooks = list(map(hooks_of, self.leaves))
        self.forms = [array_form(t.data) for t in state]
        self.grad_forms = list(map(grad_form, state))
        self.datas, self.grads = list(map(data_of, state)), list(map(grad_of, state))
        # What it is called with.
        self.count = len(given.leaves)
        self.given = [(i, Form(given.leaves[i])) for i in given.tensors]
        self.arrays = [(i, array_form(given.leaves[i])) for i in given.arrays]
        read = {*given.tensors, *given.arrays}
        self.others = [(i, x) for i, x in enumerate(given.leaves) if i not in read]
        self.held = frozenset(map(id, state))
        # Where inputs are taken from, and outputs go.
        inputs, outputs = program.places_in, program.places_out
        n = len(given.tensors)
        self.array_in = [given.arrays[i] for i in inputs["array"]]
        self.given_in = [given.tensors[i] for i in inputs["data"] if i < n]
        self.state_in = [state[i - n] for i in inputs["data"] if i >= n]
        self.grads_in = inputs["grad"]
        self.slots_in = [self.slots[i] for i in inputs["slot"]]
        self.generators = inputs["generator"]
        self.data_out, self.grads_out = outputs["data"], outputs["grad"]
        self.slots_out = [(refs.slots[i].table, refs.slots[i].key) for i in outputs["slot"]]
        self.departs = program.departs
        self.cpu = get("numpy").default_device()

    def leaves_of(self, args: Any, kwargs: Any) -> Sequence[Any]:
        """The arguments, flat."""
        return args if self.is_flat and not kwargs else flatten((args, kwargs))[0]

    def fits(self, leaves: Sequence[Any]) -> bool:
        """Whether all is as the program takes it for granted."""
        now, before = self.refs.contents(), self.contents
        if len(now) != len(before) or len(leaves) != self.count or modes_now() != self.modes:
            return False
        for i in self.slots:  # their values are inputs
            before[i] = now[i]
        return all(map(is_, now, before)) and self.fit_arguments(leaves) and self.fits_state()

    def fits_state(self) -> bool:
        state = self.state
        if not all(map(is_, map(node_of, state), self.nodes)):
            return False
        if list(map(hooks_of, self.leaves)) != self.hooks:
            return False
        if not all(map(is_, map(data_of, state), self.datas)):
            for t, form in zip(state, self.forms, strict=True):
                if t.data.__class__ is not np.ndarray or array_form(t.data) != form:
                    return False
        if not all(map(is_, map(grad_of, state), self.grads)):
            return list(map(grad_form, state)) == self.grad_forms
        return True

    def fit_arguments(self, leaves: Sequence[Any]) -> bool:
        for i, form in self.given:
            x = leaves[i]
            if not isinstance(x, Tensor) or id(x) in self.held or not form.fits(x):
                return False
        for i, shape in self.arrays:
            x = leaves[i]
            if x.__class__ is not np.ndarray or array_form(x) != shape:
                return False
        for i, expected in self.others:
            x = leaves[i]
            if x is not expected and not (
                x.__class__ is expected.__class__ and isinstance(x, PLAIN) and x == expected
            ):
                return False
        if len(self.given) > 1:
            return len({id(leaves[i]) for i, _ in self.given}) == len(self.given)
        return True

    def run(self, leaves: Sequence[Any]) -> Any:
        """Run the program, bind what it computes, and return what the step returns."""
        values = [leaves[i] for i in self.array_in]
        values += [leaves[i].data for i in self.given_in]
        values += map(data_of, self.state_in)
        if self.grads_in or self.data_out or self.grads_out:
            tensors = [*[leaves[i] for i, _ in self.given], *self.state]
        for i in self.grads_in:
            values.append(tensors[i].grad.data)
        for i in self.slots_in:
            values.append(self.contents[i])
        generators = [(default_generator() if g is None else g).numpy for g in self.generators]
        states = [g.bit_generator.state for g in generators] if self.departs else ()
        values += generators
        try:
            found = self.program.function(*values)
        except self.departs:
            for generator, state in zip(generators, states, strict=True):
                generator.bit_generator.state = state
            raise

        # Nothing from here on can fail.
        program, cpu = self.program, self.cpu
        recording = program.recording
        rest = iter(found)
        for i, x in zip(self.data_out, rest, strict=False):
            tensors[i].data = x
        for i, x in zip(self.grads_out, rest, strict=False):
            tensors[i].grad = Tensor(x, cpu, recording.barriers[i])
        for (table, key), x in zip(self.slots_out, rest, strict=False):
            table[key] = x
        for i in recording.cleared:
            tensors[i].grad = None
        if program.settled:
            self.datas, self.grads = list(map(data_of, self.state)), list(map(grad_of, self.state))
        parts = [self.part(given, found, leaves) for given in recording.returned]
        return recording.rebuild(parts)

    def part(self, given: Any, found: Any, leaves: Sequence[Any]) -> Any:
        """One of the leaves of what the step returns."""
        kind, place = given
        if kind == "value":
            return place
        if kind in ("tensor", "array"):
            i, barrier = place
            x = found[len(found) - self.program.recording.results + i]
            return x if kind == "array" else Tensor(x, self.cpu, barrier)
        tensor = [*[leaves[i] for i, _ in self.given], *self.state][place]
        return tensor if kind == "held" else tensor.grad


class Form:
    """What a Tensor that a step is called with has to be like."""

    __slots__ = ("dtype", "grad", "node", "shape", "strides")

    def __init__(self, x: Tensor) -> None:
        self.shape, self.dtype, self.strides = array_form(x.data)
        self.node = x.node.__class__
        self.grad = grad_form(x)

    def fits(self, x: Tensor) -> bool:
        """Whether x is."""
        data, node = x.data, x.node
        if (
            data.__class__ is not np.ndarray
            or data.shape != self.shape
            or data.dtype is not self.dtype
            or data.strides != self.strides
        ):
            return False
        if node is None:
            return self.node is type(None) and (x.grad is self.grad or grad_form(x) == self.grad)
        return node.__class__ is self.node and not node.hooks and grad_form(x) == self.grad
