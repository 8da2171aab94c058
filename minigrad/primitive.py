"""From an array function and its rules to a recorded operation.

A *primitive* is a function of arrays, and for each of them a *rule*: the vector-Jacobian product,
written over `xp`.

    exp      = elementwise("exp",      lambda xp, g, y, x: g * y)
    multiply = elementwise("multiply", lambda xp, g, y, a, b: g * b,
                                       lambda xp, g, y, a, b: g * a)

`g` is the gradient of the output `y`, the rest are the inputs; parameters come by keyword. Given
NumPy as `xp` and arrays, the rule computes a gradient. Given minigrad and Tensors, the same line
records one, and the gradient can be differentiated again.

**The law of residuals.** A rule may remember its inputs, its output, and nothing else, unless the
forward is itself written over `xp`: then what it computed on the way can be rebuilt from Tensors,
and depends on them as it should.

What a rule does not read is not kept: an input of which it asks at most the shape and dtype is
remembered as a `Form`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter, Signature, signature
from threading import RLock
from typing import Any

from .backends import Backend
from .broadcasting import diagnose_broadcast
from .dtypes import weak_types
from .inputs import describe, lift, promoted
from .rules import Reads, reads
from .tensor import SMALL, Form, Tensor, namespace, recorded, recording

__all__ = ["Primitive", "Rule", "all_primitives", "elementwise", "observe", "primitive"]

MISUSE = (TypeError, ValueError, IndexError, OverflowError)
"""What array libraries raise for inputs that they can't take."""

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
        self._functions = Functions(self._bind)
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
                        raise self._mixed(inputs)
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
            raise self._explained(error, inputs, params) from error
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
        if self.joint is None:
            for rule, parent in zip(self.rules, parents, strict=False):
                gradients.append(None if parent is None else rule(*arguments, **params))
        else:
            gradients += self.joint(*arguments, **params)
        gradients += [None] * (len(parents) - len(gradients))
        return gradients

    def _promoted(self, backend: Backend, raw: list[Any]) -> list[Any]:
        """Inputs of mixed kinds, integers brought to the floating dtype among them."""
        n = self.conditions
        return [*raw[:n], *promoted(backend, raw[n:], self.floating)]

    def _bind(self, backend: Backend) -> Callable[..., Any]:
        """The raw function of one backend: its fused kernel, the portable forward, or its own."""
        if self.name in backend.kernels:
            function = backend.kernels[self.name]
        elif self.forward is not None:
            function = partial(self.forward, backend.xp)
        else:
            function = getattr(backend.xp, self.name)
        return function if observer is None else observer(self, backend, function)

    def over(self, xp: Any) -> Callable[..., Any]:
        """This operation as a rule uses it: recorded where xp is minigrad, else its bare forward.

        So that the derivative of one primitive can be another, exact to any order.
        """
        if xp is namespace:
            return self
        return getattr(xp, self.name) if self.forward is None else partial(self.forward, xp)

    def register_kernel(self, backend: Backend, function: Callable[..., Any]) -> None:
        """Let `function` compute the forward on raw arrays of `backend`."""
        backend.kernels[self.name] = function
        self._functions.pop(backend, None)

    @property
    def reads(self) -> Reads:
        """What the rules read of the output and the inputs."""
        return self.reads_for([True] * len(self.rules))

    def reads_for(self, parents: Sequence[Any]) -> Reads:
        """What is read by the rules for those inputs that have a parent; by a joint rule, all."""
        asked = tuple([parent is not None for parent in parents]) if self.rules else ()
        if asked not in self._reads:
            rules = [rule for rule, wanted in zip(self.rules, asked, strict=False) if wanted]
            found = reads(rules if self.joint is None else [self.joint])
            # A forward that rebuilds residuals reads all inputs.
            self._reads[asked] = Reads(found.output, ()) if self.residuals else found
        return self._reads[asked]

    def _mixed(self, inputs: tuple[Any, ...]) -> Exception:
        devices = [x.device for x in inputs if isinstance(x, Tensor)]
        names = " and ".join(dict.fromkeys(device.name for device in devices))
        return ValueError(
            f"{self.name}: inputs are on {names}; move one, as in x.to({devices[0].name!r})"
        )

    def _explained(
        self, error: Exception, inputs: tuple[Any, ...], params: dict[str, Any]
    ) -> Exception:
        kind = type(error) if type(error) in (TypeError, IndexError) else ValueError
        reason = self.diagnose(*inputs, **params) if self.diagnose is not None else None
        if reason is None and self.broadcasts:
            reason = diagnose_broadcast(*inputs)
        if reason is None:
            what = ", ".join(describe(x) for x in inputs)
            reason = f"{str(error).strip() or type(error).__name__}; got {what}"
        return kind(f"{self.name}: {reason}")

    def __repr__(self) -> str:
        return f"<primitive {self.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return registered, (self.name,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Primitive:
        return self

    @property
    def __signature__(self) -> Signature:
        """The signature of the function that the primitive is.

        Inputs have the names that the rules give them; operands, whose dtypes promote, those of the
        standard: x, or x1 and x2.
        """
        if not self.written and not self.promotes:
            return signature(self.__call__)
        taken = list(signature(self.written[0]).parameters.values()) if self.written else []
        inputs = [p for p in taken[4 if self.residuals else 3 :] if p.kind is not p.KEYWORD_ONLY]
        params = [p for p in taken if p.kind is p.KEYWORD_ONLY]
        if self.promotes:
            n = len(self.rules)
            names = ["x"] if n == 1 else [f"x{i}" for i in range(1, n + 1)]
            inputs = [Parameter(name, Parameter.POSITIONAL_ONLY) for name in names]
        inputs = [
            p.replace(kind=p.POSITIONAL_ONLY) if p.kind is p.POSITIONAL_OR_KEYWORD else p
            for p in inputs
        ]
        return Signature([*inputs, *params], return_annotation=Tensor)


Observer = Callable[[Primitive, Backend, Callable[..., Any]], Callable[..., Any]]

observer: Observer | None = None
binding = RLock()


def observe(new: Observer | None) -> None:
    """Wrap the raw function of every operation by `new`; None takes the wrappers off again.

    So that watching costs nothing while nobody watches.
    """
    global observer
    with binding:
        observer = new
        for operation in all_primitives:
            operation._functions.clear()


class Functions(dict[Backend, Callable[..., Any]]):
    """The raw function of each backend, bound when it is first called."""

    def __init__(self, bind: Callable[[Backend], Callable[..., Any]]) -> None:
        self.bind = bind

    def __missing__(self, backend: Backend) -> Callable[..., Any]:
        with binding:
            function = self[backend] = self.bind(backend)
        return function


class Unary(Primitive):
    """An operation on one array: the common case goes in a straight line."""

    def apply(self, a: Any = None, /, *more: Any, **params: Any) -> Any:
        """The output for a Tensor whose dtype needs no thought; else as any primitive."""
        if more or not isinstance(a, Tensor):
            return super().apply(a, *more, **params)
        device, x = a.device, a.data
        backend = device.backend
        if self.promotes and x.dtype not in backend.floats:
            return super().apply(a, **params)
        function = self._functions[backend]
        try:
            y = function(x, **params) if params else function(x)
        except MISUSE as error:
            raise self._explained(error, (a,), params) from error
        if y.__class__ is not backend.array_type:
            y = backend.asarray(y)
        parent = a.node
        if parent is None or self.constant or not recording.get():
            return Tensor(y, device)
        return recorded(self, device, parent, (parent,), (x,), params, y)

    __call__ = apply

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
        """What reaches the input."""
        (rule,), (x,) = self.rules, inputs
        return (rule(xp, g, y, x, **params) if params else rule(xp, g, y, x),)


class Binary(Primitive):
    """An operation on two arrays, without parameters: the common case goes in a straight line."""

    def apply(self, a: Any = None, b: Any = None, /, *more: Any, **params: Any) -> Any:
        """The output for Tensors of one device and floating dtype, or a number; else as any."""
        if isinstance(a, Tensor):
            device, x, parent = a.device, a.data, a.node
            dtype = x.dtype
            if b.__class__ in weak_types:
                y, other = b, None
            elif isinstance(b, Tensor) and b.device is device and b.data.dtype is dtype:
                y, other = b.data, b.node
            else:
                return super().apply(a, b, *more, **params)
        elif isinstance(b, Tensor) and a.__class__ in weak_types:
            device, x, parent, y, other = b.device, a, None, b.data, b.node
            dtype = y.dtype
        else:
            return super().apply(a, b, *more, **params)
        backend = device.backend
        if more or params or dtype not in backend.floats:
            return super().apply(a, b, *more, **params)
        try:
            z = self._functions[backend](x, y)
        except MISUSE as error:
            raise self._explained(error, (a, b), params) from error
        if z.__class__ is not backend.array_type:
            z = backend.asarray(z)
        live = parent or other
        if live is None or not recording.get():
            return Tensor(z, device)
        return recorded(self, device, live, (parent, other), (x, y), params, z)

    __call__ = apply

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
        """What reaches either input."""
        a, b = inputs
        by_a, by_b = self.rules
        return (
            None if parents[0] is None else by_a(xp, g, y, a, b),
            None if parents[1] is None else by_b(xp, g, y, a, b),
        )


def missing_rule(*arguments: Any, **params: Any) -> None:
    """What stands for the derivative by an input that has none: the walk says so."""


all_primitives: list[Primitive] = []


def registered(name: str) -> Primitive:
    """The primitive called `name`: how a pickled one is found again."""
    return next(p for p in all_primitives if p.name == name)


def primitive(
    name: str,
    *rules: Rule | None,
    forward: Callable[..., Any] | None = None,
    joint: Rule | None = None,
    residuals: bool = False,
    optional: bool = False,
    promotes: bool = False,
    constant: bool = False,
    complex: bool = False,
    wrapped: bool = False,
    diagnose: Callable[..., str | None] | None = None,
) -> Primitive:
    """An operation on Tensors, from its function of arrays and its rules.

    Arguments: one rule an input, `(xp, g, y, *inputs, **params)` (None where an input has no
    derivative), or one `joint` rule that returns a tuple with an entry for each input. `forward`
    is `(xp, *inputs, **params)`; without it, the backend's function of the same name is meant.
    With `residuals=True`, forward returns `(y, *residuals)` and the rules receive the tuple of
    residuals after `y`; see the law of residuals. With `optional`, an input may be None: it is
    absent, and both forward and rules receive the None. With `promotes`, an integer input beside a
    floating one takes its dtype. `constant` says that the output is integer or
    boolean, `complex` that the rules hold for complex numbers too, in the convention of
    `minigrad.autograd.complex`; without it a derivative through them is an error.
    `diagnose(*inputs, **params)` explains a failed call, and runs only then. `wrapped` says
    that only a function of minigrad's own calls it, so that the user's line is farther away.

    A gradient that has not its input's shape is an error, never broadcast or summed to fit.
    """
    kind: type[Primitive] = Primitive
    if not residuals:
        kind = Unary if len(rules) == 1 else Binary if len(rules) == 2 and promotes else Primitive
    return kind(
        name,
        rules,
        forward=forward,
        joint=joint,
        residuals=residuals,
        optional=optional,
        promotes=promotes,
        constant=constant,
        complex=complex,
        wrapped=wrapped,
        diagnose=diagnose,
    )


def elementwise(
    name: str,
    *rules: Rule | None,
    forward: Callable[..., Any] | None = None,
    floating: bool = False,
    constant: bool = False,
    complex: bool = False,
) -> Primitive:
    """An operation on Tensors that works element by element and broadcasts its inputs.

    As `primitive`, but rules know nothing of broadcasting and mixed dtypes: what reaches an input
    is summed to its shape. Python numbers are weak; an integer input beside a floating one takes
    its dtype; with `floating`, integers alone become the default floating dtype.
    """
    kind = Unary if len(rules) == 1 else Binary if len(rules) == 2 and not constant else Primitive
    return kind(
        name,
        rules,
        forward=forward,
        broadcasts=True,
        promotes=True,
        floating=floating,
        constant=constant,
        complex=complex,
    )


def forget(x: Any) -> Any:
    """An array whose values no rule reads, reduced to its form if that saves anything."""
    return Form(x.shape, x.dtype) if getattr(x, "size", 0) > SMALL else x
