"""Checkpoints: a function whose intermediate values are computed again instead of kept.

The function is recorded as always, and then its nodes forget their arrays. The graph stays as it
is, so that gradients, hooks, closures and higher orders are what they would be without a
checkpoint, bit for bit. When the walk comes to a node that has forgotten, the function runs once
more, where and as it ran the first time, and each node takes its values from its twin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

from ..tensor import Barrier, Form, Leaf, Node, Tensor, recording
from .modes import no_state_update
from .steps import Record, record_of, recorded
from .tree import flatten

__all__ = ["about_to_change", "checkpoint"]

_states: ContextVar[dict[Any, Any] | None] = ContextVar("minigrad_states", default=None)
"""How each source of random numbers stood before the checkpoint that runs here first drew."""


forgetting: ContextVar[bool] = ContextVar("minigrad_forgetting", default=True)
"""Whether checkpoints let go of anything; a step that is captured has its memory planned."""


def checkpoint(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`f(*args, **kwargs)`, keeping only the arguments: backward runs f once more for the rest.

    Arguments and results may be nested containers. The second run draws the same random numbers
    from `mg.random`, in the modes and with the defaults of the first, and updates no running
    statistics; f must depend on nothing else that changes. Raises RuntimeError, from backward, if
    it recorded other operations or shapes than before; what was walked until then is freed, so the
    whole forward has to run again. With `retain_graph`, the values stay after the first walk. Two
    threads must not walk the same checkpoint at once. Under `no_grad` it is just f. Chen et al.
    2016, "Training deep nets with sublinear memory cost".
    """
    if not (recording.get() and forgetting.get()):
        return f(*args, **kwargs)
    run = Run(f, args, kwargs)
    with run.noting_states():
        result = f(*args, **kwargs)
    run.forget(result)
    return result


def about_to_change(source: Any) -> None:
    """Tell a checkpoint that runs here, if any, that `source` is about to draw.

    A source has `state_dict()` and `load_state_dict()`.
    """
    states = _states.get()
    if states is not None and source not in states:
        states[source] = source.state_dict()


class Run:
    """One call of a function, and all it takes to repeat it."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> None:
        leaves, self.rebuild = flatten((args, kwargs))
        self.f = f
        # The caller, or f itself, may give the Tensors handed in new values.
        self.leaves = [
            Tensor(x.data, x.device, x.node) if isinstance(x, Tensor) else x for x in leaves
        ]
        self.context = copy_context()
        self.start = Barrier().index
        self.states: dict[Any, Any] = {}
        self.record = Record([], [])
        self.twins: list[Any] | None = None

    @contextmanager
    def noting_states(self) -> Iterator[None]:
        """Note how each source stood before it drew, and what f was the first to set."""
        outer = _states.get()
        _states.set(self.states)
        try:
            yield
        finally:
            _states.set(outer)
        for source, state in self.states.items():
            if outer is not None:
                outer.setdefault(source, state)
        for variable, value in copy_context().items():
            if variable not in self.context:
                self.context.run(variable.set, value)

    def forget(self, result: Any) -> None:
        """Let the nodes of the run forget their arrays, but for those that a leaf holds anyway."""
        nodes = recorded(result, self.start)
        self.record = record_of(nodes, result)
        for place, node in enumerate(nodes):
            if isinstance(node, Node) and node.inputs is not None:
                pairs = zip(node.inputs, node.parents, strict=True)
                node.inputs = tuple([x if p.__class__ is Leaf else form_of(x) for x, p in pairs])
                node.output, node.residuals = (self, place), ()
                node.__class__ = Forgotten

    def twin(self, place: int) -> Node:
        """The node that the second run, which happens now at the latest, recorded at `place`."""
        if self.twins is None:
            self.twins = self.repeat()
            self.leaves = []
        twin, self.twins[place] = self.twins[place], None
        return twin

    def repeat(self) -> list[Any]:
        """Run f again, as it ran before; the nodes of the run."""
        now = {source: source.state_dict() for source in self.states}
        for source, state in self.states.items():
            source.load_state_dict(state)
        start = Barrier().index
        try:
            result = self.context.copy().run(self.call_again)
        finally:
            for source, state in now.items():
                source.load_state_dict(state)
        nodes = recorded(result, start)
        difference = self.record.difference(record_of(nodes, result))
        if difference is not None:
            name = getattr(self.f, "__name__", type(self.f).__name__)
            raise RuntimeError(
                f"checkpoint: {name} {difference}; it has to do the same both times: draw random "
                "numbers from mg.random, and change nothing that it reads before backward()"
            )
        return nodes

    def call_again(self) -> Any:
        args, kwargs = self.rebuild(self.leaves)
        _states.set(None)
        with no_state_update():
            return self.f(*args, **kwargs)


class Forgotten(Node):
    """A node that a checkpoint let forget its arrays: `output` says in which run, and where."""

    __slots__ = ()

    def remember(self) -> None:
        """Take the values of the twin, and be a node like any other."""
        run, place = self.output
        twin = run.twin(place)
        if isinstance(twin, Forgotten):  # by a checkpoint inside
            twin.remember()
        self.inputs, self.output, self.residuals = twin.inputs, twin.output, twin.residuals
        self.__class__ = Node  # type: ignore[assignment]


def form_of(x: Any) -> Any:
    """An array without its values; a number as it is."""
    return Form(x.shape, x.dtype) if hasattr(x, "dtype") else x
