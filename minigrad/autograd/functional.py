"""Derivatives of functions: each takes a function of Tensors and returns one.

Arguments may be nested dicts, lists and tuples of Tensors; the derivative has their form. The
functions nest: the gradient of a gradient is one more `grad`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..primitive import primitive
from ..tensor import Leaf, Tensor, namespace
from .graph import grad as graph_grad
from .modes import enable_grad, no_state_update
from .tree import flatten, structure, tree_map
from .walk import reachable

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

# A Tensor that is differentiated further out stays a part of that graph through this.
_alias = primitive("alias", lambda xp, g, y, x: g, forward=lambda xp, x: x, complex=True)


def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of f, a function with a single number as its value.

    The result takes f's arguments and returns the gradient with respect to argument `argnums`, or a
    tuple of gradients for a tuple. With `has_aux`, f returns `(value, aux)` and the gradient
    function `(gradient, aux)`. Raises ValueError if the value of f has more than one element.
    """
    derivative = value_and_grad(f, argnums, has_aux)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, g = derivative(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As `grad`, but the result returns `(value, gradient)`."""

    @wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        run = Trace("grad", f, args, kwargs, argnums, has_aux)
        if run.y.size != 1:
            raise ValueError(
                f"grad: the function returned shape {run.y.shape}, expected a single number; "
                "use mg.vjp or mg.jacobian"
            )
        if run.y.dtype.kind == "c":
            raise TypeError(
                f"grad: the function returned {run.y.dtype}, expected a real number, such as "
                "mg.real(y) or mg.abs(y)"
            )
        gradient = run.pull_back(namespace.ones_like(run.y))
        return ((run.value, run.aux) if has_aux else run.value), gradient

    return derivative


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Tensor, Callable[[Tensor], tuple[Any, ...]]]:
    """F's value at `primals`, and the function that multiplies a cotangent by its Jacobian.

    That function takes a cotangent of the value's shape, as often as wanted, and returns a tuple
    with an entry for each primal.
    """
    run = Trace("vjp", f, primals, {}, tuple(range(len(primals))), False)
    return run.value, run.pull_back


def jvp(
    f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Tensor, Tensor]:
    """f's value at `primals`, and its derivative in the direction `tangents`.

    The vector-Jacobian product is linear in its cotangent; its own transpose is the forward
    derivative, exact at the cost of two reverse passes. Raises ValueError unless `tangents` has
    the form and the shapes of `primals`.
    """
    run = Trace("jvp", f, primals, {}, tuple(range(len(primals))), False)
    directions = directions_of("jvp", primals, tangents)
    nested = run.is_nested or any(t.requires_grad for t in directions)
    with enable_grad():
        cotangent = namespace.zeros_like(run.y).requires_grad_()
        pulled = run.flat_pull_back(cotangent, create_graph=True)
        product = dot(pulled, directions)
    if not product.requires_grad:
        return run.value, namespace.zeros_like(run.y.detach())
    (tangent,) = graph_grad(product, cotangent, create_graph=nested, allow_unused=True)
    if tangent is None:
        return run.value, namespace.zeros_like(run.y.detach())
    return run.value, tangent if nested else tangent.detach()


def dot(xs: list[Tensor], ys: list[Tensor]) -> Tensor:
    """The inner product of two lists of Tensors, of real and imaginary parts as of two numbers."""
    terms = [
        namespace.sum(x * y if x.dtype.kind == "f" else namespace.real(namespace.conj(x) * y))
        for x, y in zip(xs, ys, strict=True)
    ]
    return namespace.sum(namespace.stack(terms))


def directions_of(name: str, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> list[Tensor]:
    """The tangents as a flat list, checked against the primals they belong to."""
    xs, _ = flatten(primals)
    ts, _ = flatten(tangents)
    if structure(primals) != structure(tangents):
        raise ValueError(f"{name}: the tangents have not the form of the primals")
    directions = [t if isinstance(t, Tensor) else namespace.asarray(t) for t in ts]
    for x, t in zip(xs, directions, strict=True):
        shape = x.shape if isinstance(x, Tensor) else namespace.asarray(x).shape
        if t.shape != shape:
            raise ValueError(f"{name}: tangent of shape {t.shape} for a primal of shape {shape}")
    return directions


def jacobian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The matrix of all partial derivatives of f: shape (*value.shape, *argument.shape).

    Layers in f don't update their state: a derivative that is looked at is no step of training.
    """

    @wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        with no_state_update():
            run = Trace("jacobian", f, args, kwargs, argnums, False)
        y = run.y
        if any(t.dtype.kind == "c" for t in (y, *run.inputs)):
            raise TypeError(
                "jacobian: of complex numbers there are two, by the real and by the imaginary "
                "part; take those of functions of real numbers that return mg.real(y), mg.imag(y)"
            )
        basis = namespace.reshape(
            namespace.eye(y.size, dtype=y.dtype, device=y.device), (y.size, *y.shape)
        )
        rows = [run.flat_pull_back(basis[i], create_graph=run.is_nested) for i in range(y.size)]
        stacked = []
        for i, x in enumerate(run.inputs):
            shape = (*y.shape, *x.shape)
            if rows:
                row = namespace.stack([as_result(r[i], run) for r in rows])
                stacked.append(namespace.reshape(row, shape))
            else:
                stacked.append(namespace.zeros(shape, dtype=x.dtype, device=x.device))
        return run.rebuild(stacked)

    return derivative


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """The matrix of second derivatives of f: shape (*argument.shape, *argument.shape)."""
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The Hessian of f at `primals` times the vector `tangents`, without forming the matrix."""
    directions = directions_of("hvp", primals, tangents)
    places = tuple(range(len(primals)))

    def slope(*args: Any) -> Tensor:
        return dot(flatten(grad(f, places)(*args))[0], directions)

    return grad(slope, places)(*primals)


class Trace:
    """One recorded run of a function, ready to be pulled back through."""

    def __init__(
        self,
        name: str,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: int | tuple[int, ...],
        has_aux: bool,
    ) -> None:
        places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if any(not -len(args) <= place < len(args) for place in places):
            raise ValueError(f"{name}: argnums {argnums}, but there are {len(args)} arguments")
        if len({place % len(args) for place in places}) < len(places):
            raise ValueError(f"{name}: argnums {argnums} names an argument twice")
        leaves, rebuild = flatten([args[place] for place in places])
        self.outer = any(isinstance(x, Tensor) and x.requires_grad for x in leaves)
        with enable_grad():
            self.inputs = [variable(name, x) for x in leaves]
            traced = rebuild(self.inputs)
            new_args = list(args)
            for place, argument in zip(places, traced, strict=True):
                new_args[place] = argument
            result = f(*new_args, **kwargs)
        self.y: Tensor
        self.aux: Any
        self.y, self.aux = result if has_aux else (result, None)
        if not isinstance(self.y, Tensor):
            raise TypeError(
                f"{name}: the function returned a {type(self.y).__name__}, not a Tensor"
            )
        self.is_nested = self.outer or self._reaches_other_leaves()
        self.value = self.y if self.is_nested else self.y.detach()
        if not self.is_nested:
            self.aux = tree_map(lambda x: x.detach() if isinstance(x, Tensor) else x, self.aux)
        single = isinstance(argnums, int)
        self.rebuild = lambda flat: rebuild(flat)[0] if single else tuple(rebuild(flat))

    def _reaches_other_leaves(self) -> bool:
        """Whether the value also depends on Tensors differentiated elsewhere, by closure."""
        if self.y.node is None:
            return False
        own = {x.node for x in self.inputs}
        return any(
            node.__class__ is Leaf and node not in own for node in reachable([self.y.node], own)
        )

    def pull_back(self, cotangent: Tensor) -> Any:
        """The cotangent times the Jacobian, in the form of the arguments."""
        nested = self.is_nested or (isinstance(cotangent, Tensor) and cotangent.requires_grad)
        flat = self.flat_pull_back(cotangent, create_graph=nested)
        return self.rebuild([g if nested else g.detach() for g in flat])

    def flat_pull_back(self, cotangent: Tensor, create_graph: bool) -> list[Tensor]:
        if not self.y.requires_grad:
            return [namespace.zeros_like(x.detach()) for x in self.inputs]
        gradients = graph_grad(
            self.y,
            self.inputs,
            cotangent,
            create_graph=create_graph,
            retain_graph=True,
            allow_unused=True,
        )
        return [
            namespace.zeros_like(x.detach()) if g is None else g
            for g, x in zip(gradients, self.inputs, strict=True)
        ]


def as_result(gradient: Tensor, run: Trace) -> Tensor:
    """A gradient as a plain value, unless it is differentiated further out."""
    return gradient if run.is_nested else gradient.detach()


def variable(name: str, x: Any) -> Tensor:
    """A Tensor of its own to differentiate by, linked to x if x is differentiated further out."""
    if not isinstance(x, Tensor):
        x = namespace.asarray(x)
    if x.dtype.kind not in "fc":
        raise TypeError(
            f"{name}: an argument of dtype {x.dtype} has no derivative; use a floating one"
        )
    return _alias(x) if x.requires_grad else x.detach().requires_grad_()
