"""One recorded run of a function, from which all of its derivatives are taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Any

from ..primitive import primitive
from ..tensor import Leaf, Tensor, namespace
from .graph import grad
from .modes import enable_grad
from .search import reachable
from .tree import flatten, flatten_like, tree_map

__all__ = ["Argnums", "Trace"]

Argnums = int | Sequence[int]

# A Tensor that is differentiated further out stays a part of that graph through this.
_alias = primitive("alias", lambda xp, g, y, x: g, forward=lambda xp, x: x, complex=True)


class Trace:
    """One recorded run of a function, ready to be pulled back through.

    `ys` are the Tensors of its value and `inputs` those it is differentiated by, each flat;
    `restore` and `rebuild` give lists of their lengths the form of the value and the arguments.
    """

    def __init__(
        self,
        name: str,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: Argnums,
        has_aux: bool,
    ) -> None:
        self.name = name
        places, single = places_of(name, argnums, len(args))
        leaves, rebuild = flatten([args[place] for place in places])
        self.outer = any(isinstance(x, Tensor) and x.requires_grad for x in leaves)
        with enable_grad():
            self.inputs = [variable(name, x) for x in leaves]
            new_args = list(args)
            for place, argument in zip(places, rebuild([*map(handle, self.inputs)]), strict=True):
                new_args[place] = argument
            result = f(*new_args, **kwargs)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise TypeError(f"{name}: with has_aux, the function has to return (value, aux)")
        self.aux: Any
        value, self.aux = result if has_aux else (result, None)
        self.ys, self.restore = flatten(value)
        for y in self.ys:
            if not isinstance(y, Tensor):
                raise TypeError(
                    f"{name}: the function returned a {type(y).__name__}, not a Tensor; what is "
                    "no Tensor can be returned beside the value, with has_aux=True"
                )
            if y.dtype.kind not in "fc":
                raise TypeError(
                    f"{name}: the function returned {y.dtype}, which has no derivative; return it "
                    "beside the value, with has_aux=True"
                )
        self.is_nested = self.outer or self._reaches_other_leaves()
        self.value = self.restore([self.as_result(y) for y in self.ys])
        self.aux = tree_map(lambda x: self.as_result(x) if isinstance(x, Tensor) else x, self.aux)
        self.rebuild = lambda flat: rebuild(flat)[0] if single else tuple(rebuild(flat))

    def _reaches_other_leaves(self) -> bool:
        """Whether the value also depends on Tensors differentiated elsewhere, by closure."""
        own = {x.node for x in self.inputs}
        roots = [y.node for y in self.ys if y.node is not None]
        return any(node.__class__ is Leaf and node not in own for node in reachable(roots, own))

    def as_result(self, x: Tensor) -> Tensor:
        """A Tensor as a plain value, unless it is differentiated further out."""
        return x if self.is_nested else x.detach()

    def pull_back(self, cotangents: Any) -> Any:
        """The cotangents, in the form of the value, times the Jacobian, in that of the arguments.

        Raises ValueError for cotangents of another form or shape.
        """
        try:
            flat = flatten_like(cotangents, self.value)
        except ValueError as error:
            raise ValueError(f"{self.name}: the cotangent: {error}") from None
        nested = self.is_nested or any(isinstance(u, Tensor) and u.requires_grad for u in flat)
        gradients = self.flat_pull_back(flat, create_graph=nested)
        return self.rebuild([g if nested else g.detach() for g in gradients])

    def flat_pull_back(self, cotangents: Sequence[Any], create_graph: bool) -> list[Tensor]:
        """As `pull_back`, of flat lists; zeros for inputs that the value does not depend on."""
        live = [(y, u) for y, u in zip(self.ys, cotangents, strict=True) if y.requires_grad]
        gradients: Sequence[Tensor | None] = [None] * len(self.inputs)
        if live:
            ys, us = zip(*live, strict=True)
            gradients = grad(
                ys,
                self.inputs,
                us,
                create_graph=create_graph,
                retain_graph=True,
                allow_unused=True,
            )
        return [
            namespace.zeros_like(x.detach()) if g is None else g
            for g, x in zip(gradients, self.inputs, strict=True)
        ]


def places_of(name: str, argnums: Argnums, count: int) -> tuple[tuple[int, ...], bool]:
    """The positions that `argnums` names among `count` arguments, and whether it is one number."""
    try:
        single = not isinstance(argnums, list | tuple)
        places = tuple(map(index, [argnums] if single else argnums))  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: argnums is {argnums!r}, expected an integer or several") from None
    if any(not -count <= place < count for place in places):
        raise ValueError(f"{name}: argnums {argnums}, but there are {count} arguments by position")
    if len({place % count for place in places}) < len(places):
        raise ValueError(f"{name}: argnums {argnums} names an argument twice")
    return places, single


def handle(x: Tensor) -> Tensor:
    """What the function gets for an input: if it assigns to that, the input stays what it was."""
    return x if x.is_leaf else Tensor(x.data, x.device, x.node)


def variable(name: str, x: Any) -> Tensor:
    """A Tensor of its own to differentiate by, linked to x if x is differentiated further out."""
    if not isinstance(x, Tensor):
        x = namespace.asarray(x)
    if x.dtype.kind not in "fc":
        raise TypeError(
            f"{name}: an argument of dtype {x.dtype} has no derivative; use a floating one"
        )
    return _alias(x) if x.requires_grad else x.detach().requires_grad_()
