"""Capturing: the step runs, for real and once, on arrays that write down what is done to them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

from ..autograd.checkpoint import forgetting
from ..autograd.tree import flatten
from ..node import Replayed
from ..random import seen_through
from ..tensor import Tensor
from ..where import describe
from .arguments import Arguments
from .backend import device
from .draws import Draws, Foreign
from .errors import CaptureError
from .loan import Loan, Place
from .origin import is_library
from .tape import OnTape, Tape, Value, active

__all__ = ["Recording", "record"]


class Recording(NamedTuple):
    """A step that has run: its tape, and how what is on it hangs together with the world."""

    tape: Tape
    inputs: list[tuple[Place, Value]]
    outputs: list[tuple[Place, Value]]
    cleared: list[int]
    """The Tensors that have no gradient any more."""
    barriers: dict[int, Any]
    """The nodes of gradients, by the number of their Tensor."""
    returned: list[Place]
    """The leaves of what the step returned: results, Tensors that it was given, values."""
    rebuild: Callable[[list[Any]], Any]
    results: int
    """How many of the outputs are results."""
    single: bool
    """Whether the step returned one new Tensor and nothing else."""
    grown: bool
    """Whether an optimiser's state has entries that it had not before."""


def record(function: Callable[..., Any], given: Arguments) -> tuple[Any, Recording]:
    """Run the step with the tape running: what it returns, and its recording.

    Raises CaptureError for a step that a program can't repeat. Whatever is raised, all that the
    step refers to is as it was before.
    """
    leaves, refs = list(given.leaves), given.refs
    tensors = [*[leaves[i] for i in given.tensors], *refs.tensors]
    names = [*[given.names[i] for i in given.tensors], *[refs.names[id(t)] for t in refs.tensors]]
    tape = Tape(refs.names)
    foreign = Foreign()
    loan, draws = Loan(tape, refs, tensors, names), Draws(tape)
    tokens = active.set(tape), seen_through.set(draws), forgetting.set(False)
    try:
        for n, i in enumerate(given.arrays):
            leaves[i] = loan.take(leaves[i], Place("array", n), given.names[i])
        args, kwargs = given.rebuild(leaves)
        with device():
            result = function(*args, **kwargs)
        if tape.refusal is not None:
            raise tape.refusal
        foreign.check()
        loan.check()
        return finished(loan, draws, result)
    except BaseException as error:
        loan.restore()
        draws.restore()
        if type(error) is ValueError and device().name in str(error):
            raise stranger(error) from error
        raise
    finally:
        active.reset(tokens[0])
        seen_through.reset(tokens[1])
        forgetting.reset(tokens[2])


def finished(loan: Loan, draws: Draws, result: Any) -> tuple[Any, Recording]:
    """The step's result, with real values as all else has them now; and the recording."""
    leaves, rebuild = flatten(result)
    held: dict[int, Place] = {}
    for i, t in enumerate(loan.tensors):
        held[id(t)] = Place("held", i)
        if t.grad is not None:
            held[id(t.grad)] = Place("held grad", i)
    returned: list[Place] = []
    results: list[tuple[Place, Value]] = []
    for i, leaf in enumerate(leaves):
        if id(leaf) in held:
            returned.append(held[id(leaf)])
        elif isinstance(leaf, Tensor | OnTape):
            x: Any = leaf.data if isinstance(leaf, Tensor) else leaf
            node = Replayed() if isinstance(leaf, Tensor) and leaf.node is not None else None
            kind = "tensor" if isinstance(leaf, Tensor) else "array"
            returned.append(Place(kind, (len(results), node)))
            results.append((Place("result", len(results)), x.value))
            leaves[i] = Tensor(x.real, loan.cpu, node) if kind == "tensor" else x.real
        else:
            returned.append(Place("value", leaf))
    grown = loan.give_back()
    generators = [(Place("generator", generator), value) for generator, value in draws.found]
    return rebuild(leaves), Recording(
        loan.tape,
        [*loan.inputs, *generators],
        [*loan.outputs, *results],
        loan.cleared,
        loan.barriers,
        returned,
        rebuild,
        len(results),
        isinstance(result, Tensor) and len(results) == 1,
        grown,
    )


def stranger(error: BaseException) -> CaptureError:
    """What to say where an operation met Tensors of the step, and one that it was not given."""
    where, trace = "", error.__traceback__
    while isinstance(trace, TracebackType):
        code = trace.tb_frame.f_code
        if not is_library(code.co_filename):
            where = describe(code, trace.tb_lasti)
        trace = trace.tb_next
    return CaptureError(
        f"capture: a Tensor comes in that the step does not refer to in a way that can be seen, at "
        f"{where}; hand it over as an argument, or as state: mg.capture(step, state=[tensor]); "
        'one that the step makes itself needs no device="cpu"'
    )
