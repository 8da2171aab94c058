"""How a differentiable function behaves, whatever it computes.

What it hands out has the form of what it was given, nothing handed in is written to or shared, the
layout of memory changes nothing, a second run gives the same bits, and a graph that nobody holds is
gone at once, without the cyclic collector.
"""

from __future__ import annotations

import copy
import gc
import os
import re
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.autograd.checkpoint import checkpoint
from minigrad.io import load, save

from .functions import FlatFunction, state_put_back
from .layout import LAYOUTS, lay_out
from .point import Point, cotangents
from .tolerance import assert_close, largest

__all__ = [
    "ErrorCase",
    "check_accumulation",
    "check_checkpoint",
    "check_conduct",
    "check_determinism",
    "check_errors",
    "check_form",
    "check_layouts",
    "check_no_leak",
    "check_state_round_trip",
    "check_unmutated",
]

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


class ErrorCase(NamedTuple):
    """A call that has to fail, `call(device)`, the type of its error, and a pattern of its text."""

    call: Callable[[Any], Any]
    error: type[Exception]
    message: str


class Run:
    """A function at a point, recorded: its leaves, outputs and a random cotangent for each."""

    def __init__(self, f: Function, args: Sequence[Any], device: Any, seed: int) -> None:
        self.flat = FlatFunction(f, args, device)
        self.leaves = self.flat.leaves(self.flat.values)
        self.outputs = self.flat(*self.leaves)
        rng = np.random.default_rng(seed)
        values = [y.detach().numpy() for y in self.outputs]
        self.us = [
            mg.asarray(u, device=y.device)
            for u, y in zip(cotangents(values, rng), self.outputs, strict=True)
        ]

    def gradients(self, create_graph: bool = False) -> list[mg.Tensor]:
        """The gradient of every leaf."""
        pairs = [(y, u) for y, u in zip(self.outputs, self.us, strict=True) if y.requires_grad]
        if not pairs:
            raise AssertionError("check: no output depends on a floating input; nothing to check")
        found = mg.autograd.grad(
            [y for y, _ in pairs], self.leaves, [u for _, u in pairs],
            create_graph=create_graph, allow_unused=True,
        )  # fmt: skip
        return [
            mg.zeros_like(x.detach()) if g is None else g
            for g, x in zip(found, self.leaves, strict=True)
        ]


def check_conduct(f: Function, *args: Any, device: Any = None, seed: int = 0) -> None:
    """Every check of this module that asks for nothing but a function and its arguments."""
    for check in (
        check_form,
        check_unmutated,
        check_layouts,
        check_determinism,
        check_accumulation,
        check_checkpoint,
        check_no_leak,
    ):
        check(f, *args, device=device, seed=seed)


def check_form(f: Function, *args: Any, device: Any = None, seed: int = 0) -> None:
    """Fail unless every gradient has its input's shape, dtype and device, in either graph mode."""
    for create_graph in (False, True):
        run = Run(f, args, device, seed)
        found = run.gradients(create_graph)
        for name, x, g in zip(run.flat.names, run.leaves, found, strict=True):
            theirs, ours = (x.shape, x.dtype, x.device), (g.shape, g.dtype, g.device)
            assert ours == theirs, f"the gradient of {name} is {ours}, the input {theirs}"


def memory(x: mg.Tensor) -> Array:
    """The memory of a Tensor, on backends where NumPy can look at it; else a copy."""
    raw = x.data if x.device.backend.name == "numpy" else getattr(x.data, "_array", None)
    return np.asarray(raw) if raw is not None else x.detach().numpy()


def check_unmutated(f: Function, *args: Any, device: Any = None, seed: int = 0) -> None:
    """Fail if forward or backward writes to an input, an output or a cotangent, or shares memory.

    A gradient must have memory of its own, or an optimiser that writes to it writes elsewhere too.
    """
    for create_graph in (False, True):
        run = Run(f, args, device, seed)
        handed = {
            **dict(zip(run.flat.names, run.leaves, strict=True)),
            **{f"output {i}": y for i, y in enumerate(run.outputs)},
            **{f"the cotangent of output {i}": u for i, u in enumerate(run.us)},
        }
        before = {name: memory(t).tobytes() for name, t in handed.items()}
        for name, value in zip(run.flat.names, run.flat.values, strict=True):
            assert before[name] == value.tobytes(), f"the forward wrote to {name}"
        found = run.gradients(create_graph)
        for name, t in handed.items():
            assert memory(t).tobytes() == before[name], f"the backward wrote to {name}"
        owners = dict(handed)
        for name, g in zip(run.flat.names, found, strict=True):
            for other, t in owners.items():
                shared = np.shares_memory(memory(g), memory(t))
                assert not shared, f"the gradient of {name} shares memory with {other}"
            owners[f"the gradient of {name}"] = g


def check_layouts(f: Function, *args: Any, device: Any = None, seed: int = 0) -> None:
    """Fail if value or gradient depends on how inputs and cotangents lie in memory."""
    flat = FlatFunction(f, args, device)
    point = Point(flat, flat.values, flat.names, max(1, sum(v.size for v in flat.values)), "", "")
    us = cotangents(point.outputs(point.values), np.random.default_rng(seed))
    plain = [*point.outputs(flat.values), *point.pulled_back(us)]
    for layout in LAYOUTS:
        if layout == "stride 0":
            continue  # other values, not the same ones in another place
        point.values = [lay_out(v, layout) for v in flat.values]
        point.leaves = lambda values: [
            mg.asarray(v, device=d, requires_grad=True)
            for v, d in zip(values, flat.devices, strict=True)
        ]
        found = point.outputs(point.values)
        found += point.pulled_back([lay_out(u, layout) for u in us])
        for a, b in zip(found, plain, strict=True):
            assert_close(
                a, b, f"the layout {layout!r} changes a value or a gradient",
                terms=point.terms, magnitude=largest(*plain) * largest(*us),
            )  # fmt: skip


def check_determinism(f: Function, *args: Any, device: Any = None, seed: int = 0) -> None:
    """Fail unless two runs give the same values and gradients, bit for bit."""
    runs = []
    for _ in range(2):
        run = Run(f, args, device, seed)
        found = [*run.outputs, *run.gradients()]
        runs.append([t.detach().numpy().tobytes() for t in found])
    assert runs[0] == runs[1], "two runs with the same inputs differ"


def check_accumulation(f: Function, *args: Any, device: Any = None, seed: int = 0) -> None:
    """Fail unless `backward` adds to `.grad` what `grad` returns, and does so again if repeated."""
    expected = [g.numpy() for g in Run(f, args, device, seed).gradients()]
    run = Run(f, args, device, seed)
    for times in (1, 2):
        outputs = run.outputs if times == 1 else run.flat(*run.leaves)
        for y, u in zip(outputs, run.us, strict=True):
            if y.requires_grad:
                y.backward(u, retain_graph=True)
        for name, x, e in zip(run.flat.names, run.leaves, expected, strict=True):
            g = np.zeros_like(e) if x.grad is None else x.grad.numpy()
            assert_close(
                g, times * e, f"after {times} backward, the gradient of {name}",
                terms=len(run.outputs) + times, magnitude=largest(*expected),
            )  # fmt: skip


def check_checkpoint(f: Function, *args: Any, device: Any = None, seed: int = 0) -> None:
    """Fail unless `mg.checkpoint` gives the same values and gradients, bit for bit."""
    plain, again = Run(f, args, device, seed), Run(f, args, device, seed)
    again.outputs = checkpoint(lambda *xs: again.flat(*xs), *again.leaves)
    for a, b in zip(plain.outputs, again.outputs, strict=True):
        assert a.detach().numpy().tobytes() == b.detach().numpy().tobytes(), (
            "a checkpoint changes a value"
        )
    for name, a, b in zip(plain.flat.names, plain.gradients(), again.gradients(), strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes(), (
            f"a checkpoint changes the gradient of {name}"
        )


@contextmanager
def collector_off() -> Iterator[None]:
    """Nothing is freed here but by reference counting."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def check_no_leak(f: Function, *args: Any, device: Any = None, seed: int = 0) -> None:
    """Fail if anything of a graph outlives its last Tensor, differentiated or not.

    The raw arrays of inputs and outputs are watched, with the cyclic collector off.
    """
    for differentiated in (False, True):
        with collector_off():
            run = Run(f, args, device, seed)
            watched = [weakref.ref(t.data) for t in (*run.leaves, *run.outputs)]
            found = run.gradients() if differentiated else []
            watched += [weakref.ref(g.data) for g in found]
            del run, found
            alive = sum(reference() is not None for reference in watched)
        when = "after its backward" if differentiated else "never differentiated"
        assert not alive, f"{alive} of {len(watched)} arrays outlive their graph, {when}"


def check_state_round_trip(module: nn.Module, *args: Any) -> None:
    """Fail unless a module that loads what this one saved computes the same, bit for bit.

    The file is in the safetensors format; `module` stays as it is. Raises ValueError for a module
    without parameters and buffers: nothing would be checked.
    """
    state = module.state_dict()
    if not state:
        raise ValueError(f"check_state_round_trip: {type(module).__name__} has no state")
    first, second = copy.deepcopy(module), copy.deepcopy(module)
    for t in second.state_dict(keep_vars=True).values():
        t.data = mg.zeros_like(t.detach()).data
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state.safetensors")
        save(path, state)
        second.load_state_dict(load(path))
    for name, t in second.state_dict().items():
        same = t.numpy().tobytes() == state[name].numpy().tobytes()
        assert same, f"{name} is another after the round trip"
    with state_put_back(module):  # both forwards draw the same random numbers
        before = first(*args)
    after = second(*args)
    assert before.detach().numpy().tobytes() == after.detach().numpy().tobytes(), (
        "the module computes something else after the round trip"
    )


def check_errors(cases: Sequence[ErrorCase], device: Any = None) -> None:
    """Fail unless every call fails with its error and text. Raises ValueError for no cases."""
    if not cases:
        raise ValueError("check_errors: no cases, nothing would be checked")
    for call, error, message in cases:
        try:
            result = call(device)
        except error as raised:
            text = str(raised)
        else:
            raise AssertionError(f"no {error.__name__}: the call returned {result!r}")
        assert re.search(message, text), f"the error says {text!r}, expected {message!r}"
