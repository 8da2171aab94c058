"""Optimizer: parameters in groups, hyperparameters for each group, state for each parameter.

The update of one parameter is a function of arrays over `xp`: it takes the parameter's value, its
gradient and the state, and returns new arrays, which are bound in their places. Nothing is written
in place, so what a graph or a state dict holds on to keeps its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..autograd import enable_grad
from ..backends.kernels import ArrayFunction
from ..tensor import Tensor
from ..tensor import namespace as mg
from .state import load_state_dict, state_dict

__all__ = ["Optimizer", "assign", "settings", "sooner", "with_gradient"]

PYTHONS = {bool, int, float}
SMALL = 1024
"""A parameter of fewer elements has no use for a kernel."""


class Optimizer:
    """The base of optimisers. A subclass defines `update(group)`, which changes the parameters.

    `params` is an iterable of Tensors, or of dicts with the key "params" and hyperparameters of
    their own. `param_groups` is the list of those dicts, `state` holds raw arrays and numbers for
    each parameter.
    """

    linear = False
    """Whether the update is linear in gradients, and so right for complex parameters too."""

    def __init__(
        self, params: Iterable[Tensor] | Iterable[dict[str, Any]], defaults: dict[str, Any]
    ) -> None:
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = {}
        self.param_groups: list[dict[str, Any]] = []
        if isinstance(params, Tensor):
            raise TypeError(f"{type(self).__name__}: params is one Tensor; pass a list, as [p]")
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError(f"{type(self).__name__}: got no parameters")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimise more parameters; hyperparameters that the group lacks are the defaults.

        Raises TypeError for what is no Tensor and for complex parameters unless the update is
        linear, ValueError for the result of an operation, for a
        parameter that is here already, or for a hyperparameter out of range.
        """
        name = type(self).__name__
        given = param_group["params"]
        params = [given] if isinstance(given, Tensor) else list(given)
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"{name}: a parameter is a {type(p).__name__}, not a Tensor")
            if not p.is_leaf:
                raise ValueError(f"{name}: a Tensor from {p.node!r} can't be optimised, a leaf can")
            if p.dtype.kind == "c" and not self.linear:
                raise TypeError(
                    f"{name}: squares gradients, which has no meaning for {p.dtype}; optimise the "
                    "real and the imaginary part as two parameters, or use SGD"
                )
            if id(p) in known:
                raise ValueError(f"{name}: a parameter of shape {p.shape} was given twice")
            known.add(id(p))
        group = {**self.defaults, **param_group, "params": params}
        self.check(group)
        self.param_groups.append(group)

    def check(self, group: Mapping[str, Any]) -> None:
        """Raise ValueError for a hyperparameter out of range."""
        for what in ("lr", "eps", "weight_decay", "momentum"):
            if what in group and not group[what] >= 0:
                raise ValueError(
                    f"{type(self).__name__}: {what} is {group[what]}, expected at least 0"
                )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        `closure`, if given, computes the loss and its gradients first; its result is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self.update(group)
        return loss

    def update(self, group: dict[str, Any]) -> None:
        """Change the parameters of one group; a subclass says how."""
        raise TypeError(f"{type(self).__name__} does not define update(group)")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or make them zero."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None if set_to_none or p.grad is None else mg.zeros_like(p.grad)

    def state_dict(self) -> dict[str, Any]:
        """The state and the hyperparameters, with parameters by number; see `optim.state`."""
        return state_dict(self)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue where the optimiser that `state_dict` came from stood; see `optim.state`."""
        load_state_dict(self, state_dict)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def with_gradient(group: Mapping[str, Any]) -> list[tuple[Tensor, Any]]:
    """The parameters of a group that a step changes: those with a gradient, and that gradient."""
    return [(p, p.grad.data) for p in group["params"] if p.grad is not None]


def settings(group: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The hyperparameters of these names, as Python's numbers."""
    return {name: plain(group[name]) for name in names}


def sooner(update: ArrayFunction, p: Tensor) -> Callable[..., Any]:
    """How to update p: perhaps by a kernel, but for a small p choosing one takes longer."""
    return update if p.data.size >= SMALL else update.definition


def plain(x: Any) -> Any:
    """Python's number for NumPy's, which would make a float64 of a float32 parameter."""
    if x.__class__ in PYTHONS:
        return x
    if isinstance(x, tuple):
        return tuple([plain(number) for number in x])
    return x.item() if hasattr(x, "item") else x


def assign(p: Tensor, new: Any) -> None:
    """Bind a new raw value. NumPy's arithmetic makes a scalar of a 0-d array: undo that."""
    if new.__class__ is not p.data.__class__:
        new = p.device.backend.asarray(new, device=p.device)
    p.data = new
