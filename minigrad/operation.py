"""A primitive: an operation on Tensors, bound to each backend's function and to its rules."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from inspect import Signature
from typing import Any, Literal

from .backends import Backend
from .backends.kernels import ArrayFunction
from .binding import Functions, observe, over
from .dtypes import weak_types
from .inputs import lift, promoted
from .misuse import MISUSE, explained, mixed_devices
from .record import recorded
from .rules import Reads, reads
from .signatures import signature_of
from .tensor import SMALL, Form, Tensor, namespace, recording

__all__ = ["Primitive", "Rule", "all_primitives", "observe"]

Rule = Callable[..., Any]
"""`(xp, g, y, *inputs, **params)`: what arrives at one input when `g` arrives at the output."""


class Primitive:
    """An operation on Tensors with its rules; `primitive` and `elementwise` make them."""

    def __init__(
        self,
        name: str,
        rules: Sequence[Rule | None],
        *,
        forward: Callable[..., Any] | None = None,
        joint: Rule | None = None,
        residuals: bool = False,
        optional: bool = False,
        broadcasts: bool = False,
        promotes: bool = False,
        floating: bool = False,
        constant: bool = False,
        complex: bool = False,
        wrapped: bool = False,
        diagnose: Callable[..., str | None] | None = None,
    ) -> None:
        if residuals and forward is None:
            raise ValueError(
                f"primitive {name!r}: residuals need a forward over xp to rebuild them"
            )
        if rules and joint is not None:
            raise ValueError(f"primitive {name!r}: give a rule for each input, or a joint one")
        self.name = self.__name__ = name
        self.rules = tuple(rule or missing_rule for rule in rules)
        self.joint = joint
        self.arity = len(rules) or sys.maxsize
        self.written = [rule for rule in (*rules, joint) if rule is not None]
        # An input without a rule, before others that have one, is a condition and no operand.
        self.conditions = 1 if self.written and rules and rules[0] is None else 0
        self.forward = forward
        self.residuals = residuals
        self.optional = optional
        self.broadcasts = broadcasts
        self.promotes = promotes
        self.floating = floating
        self.constant = constant
        self.complex = complex
        # How many frames of minigrad's own, at least, lie between the user's line and `recorded`.
        self.depth = 3 if wrapped else 2
        self.diagnose = diagnose
        self._functions = Functions(self)
        self._reads: dict[tuple[bool, ...], Reads] = {}
        all_primitives.append(self)

    def apply(self, *inputs: Any, **params: Any) -> Any:
        """The output as a Tensor, recorded if an input requires grad; with its residuals if any."""
        if len(inputs) > self.arity:
            raise TypeError(f"{self.name}: takes {self.arity} inputs, got {len(inputs)}")
        device = live = None
        raw: list[Any] = []
        parents: list[Any] = []
        for x in inputs:
            if isinstance(x, Tensor):
                if x.device is not device:
                    if device is not None:
                        raise mixed_devices(self, inputs)
                    device = x.device
                node = x.node
                if node is not None:
                    live = node
                parents.append(node)
                raw.append(x.data)
            elif x.__class__ in weak_types or (x is None and self.optional):
                parents.append(None)
                raw.append(x)
            else:
                return self(*lift(self.name, inputs, self.optional), **params)
        if device is None:
            return self(*lift(self.name, inputs, self.optional), **params)

        backend = device.backend
        if self.promotes:
            floats = backend.floats
            for x in raw:
                if x.__class__ not in weak_types and x.dtype not in floats:
                    raw = self._promoted(backend, raw)
                    break
        try:
            function = self._functions[backend]
            y = function(*raw, **params) if params else function(*raw)
        except MISUSE as error:
            raise explained(self, error, inputs, params) from error
        residuals: Sequence[Any] = ()
        if self.residuals:
            y, *residuals = y
        if y.__class__ is not backend.array_type:
            y = backend.asarray(y)

        if live is None or self.constant or not recording.get():
            result = Tensor(y, device)
        else:
            result = recorded(self, device, live, tuple(parents), tuple(raw), params, y, residuals)
        if self.residuals:
            return result, tuple([Tensor(r, device) for r in residuals])
        return result

    __call__ = apply  # Python calls a method by its name in a third of the time.

    def kept(
        self, parents: tuple[Any, ...], inputs: tuple[Any, ...], y: Any
    ) -> tuple[tuple[Any, ...], Any]:
        """What a node keeps of its inputs and its output: what a rule will read."""
        reads = self.reads_for(parents)
        if reads.forms:
            inputs = tuple([forget(x) if i in reads.forms else x for i, x in enumerate(inputs)])
        return inputs, y if reads.output else None

    def pull_back(
        self,
        xp: Any,
        g: Any,
        y: Any,
        residuals: Sequence[Any],
        inputs: Sequence[Any],
        params: dict[str, Any],
        parents: Sequence[Any],
    ) -> Sequence[Any]:
        """What reaches each input that has a parent; None where no rule says what."""
        arguments = (xp, g, y, residuals, *inputs) if self.residuals else (xp, g, y, *inputs)
        gradients: list[Any] = []
        if self.joint is not None:
            gradients += self.joint(*arguments, **params)
        else:
            for rule, parent in zip(self.rules, parents):  # noqa: B905 (strict= takes far longer)
                if parent is None:
                    gradients.append(None)
                else:
                    gradients.append(rule(*arguments, **params) if params else rule(*arguments))
        if len(gradients) < len(parents):
            gradients += [None] * (len(parents) - len(gradients))
        return gradients

    def _promoted(self, backend: Backend, raw: list[Any]) -> list[Any]:
        """Inputs of mixed kinds, integers brought to the floating dtype among them."""
        n = self.conditions
        return [*raw[:n], *promoted(backend, raw[n:], self.floating)]

    def over(self, xp: Any) -> Callable[..., Any]:
        """This operation as a rule uses it: recorded where xp is minigrad, else its bare forward.

        So that the derivative of one primitive can be another, exact to any order.
        """
        if xp is namespace:
            return self
        return getattr(xp, self.name) if self.forward is None else over(self.forward, xp)

    def array_function(self, rule: int | Literal["joint"] | None = None) -> ArrayFunction:
        """The forward, the rule of one input or the joint rule, as what kernels can stand in for.

        Raises ValueError for an operation that does not have it over xp.
        """
        what = "forward" if rule is None else "joint rule" if rule == "joint" else f"rule {rule}"
        found: Any = None
        if rule is None:
            found = self.forward
        elif rule == "joint":
            found = self.joint
        elif 0 <= rule < len(self.rules) and self.rules[rule] is not missing_rule:
            found = self.rules[rule]
        if found is None:
            raise ValueError(f"kernel: {self.name} has no {what} over xp to stand in for")
        if isinstance(found, ArrayFunction):
            return found
        new = ArrayFunction(self.name if rule is None else f"{self.name}: {what}", found)
        if rule is None:
            self.forward = new
            self._functions.rebind()
        elif rule == "joint":
            self.joint = new
        else:
            self.rules = (*self.rules[:rule], new, *self.rules[rule + 1 :])
        return new

    @property
    def array_functions(self) -> list[ArrayFunction]:
        """The parts of this operation that have kernels."""
        parts = (self.forward, *self.rules, self.joint)
        return [part for part in parts if isinstance(part, ArrayFunction)]

    @property
    def reads(self) -> Reads:
        """What the rules read of the output and the inputs."""
        return self.reads_for([True] * len(self.rules))

    def reads_for(self, parents: Sequence[Any]) -> Reads:
        """What is read by the rules for those inputs that have a parent; by a joint rule, all."""
        asked = tuple([parent is not None for parent in parents]) if self.rules else ()
        if asked not in self._reads:
            rules = [rule for rule, wanted in zip(self.rules, asked, strict=False) if wanted]
            found = reads([definition(r) for r in (rules if self.joint is None else [self.joint])])
            # A forward that rebuilds residuals reads all inputs.
            self._reads[asked] = Reads(found.output, ()) if self.residuals else found
        return self._reads[asked]

    def __repr__(self) -> str:
        return f"<primitive {self.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return registered, (self.name,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Primitive:
        return self

    @property
    def __signature__(self) -> Signature:
        """The signature of the function that the primitive is."""
        return signature_of(self)


def missing_rule(*arguments: Any, **params: Any) -> None:
    """What stands for the derivative by an input that has none: the walk says so."""


def definition(function: Callable[..., Any]) -> Callable[..., Any]:
    """What was written over xp, also where kernels may stand in for it."""
    return function.definition if isinstance(function, ArrayFunction) else function


all_primitives: list[Primitive] = []


def registered(name: str) -> Primitive:
    """The primitive called `name`: how a pickled one is found again."""
    return next(p for p in all_primitives if p.name == name)


def forget(x: Any) -> Any:
    """An array whose values no rule reads, reduced to its form if that saves anything."""
    return Form(x.shape, x.dtype) if getattr(x, "size", 0) > SMALL else x
