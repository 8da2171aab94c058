"""Derivatives of functions: each takes a function of Tensors and returns one.

Arguments may be nested dicts, lists and tuples of Tensors, and so may values, except where a single
number is asked for; derivatives have their form. The functions nest: the gradient of a gradient is
one more `grad`. With `has_aux`, a function returns `(value, aux)`, and what is made of it returns
`aux` beside its own result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from ..tensor import Tensor, namespace
from .graph import grad as graph_grad
from .modes import enable_grad, no_state_update
from .trace import Argnums, Trace
from .tree import flatten, flatten_like

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
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
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As `grad`, but the result returns `(value, gradient)`."""

    @wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        run = Trace("grad", f, args, kwargs, argnums, has_aux)
        if not isinstance(run.value, Tensor):
            raise TypeError(
                f"grad: the function returned a {type(run.value).__name__}, expected a single "
                "number; use mg.vjp or mg.jacobian"
            )
        if run.value.size != 1:
            raise ValueError(
                f"grad: the function returned shape {run.value.shape}, expected a single number; "
                "use mg.vjp or mg.jacobian"
            )
        if run.value.dtype.kind == "c":
            raise TypeError(
                f"grad: the function returned {run.value.dtype}, expected a real number, such as "
                "mg.real(y) or mg.abs(y)"
            )
        gradient = run.pull_back(namespace.ones_like(run.value))
        return ((run.value, run.aux) if has_aux else run.value), gradient

    return derivative


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """F's value at `primals`, and the function that multiplies a cotangent by its Jacobian.

    That function takes a cotangent of the value's form and shapes, as often as wanted, and returns
    a tuple with an entry for each primal. With `has_aux`, `(value, function, aux)`.
    """
    run = Trace("vjp", f, primals, {}, range_of(primals), has_aux)
    return (run.value, run.pull_back, run.aux) if has_aux else (run.value, run.pull_back)


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """f's value at `primals`, and its derivative in the direction `tangents`.

    The vector-Jacobian product is linear in its cotangent; its own transpose is the forward
    derivative, exact at the cost of two reverse passes. Raises ValueError unless `tangents` has
    the form and the shapes of `primals`. With `has_aux`, `(value, derivative, aux)`.
    """
    directions = directions_of("jvp", primals, tangents)
    run = Trace("jvp", f, primals, {}, range_of(primals), has_aux)
    nested = run.is_nested or any(t.requires_grad for t in directions)
    with enable_grad():
        cotangents = [namespace.zeros_like(y.detach()).requires_grad_() for y in run.ys]
        pulled = run.flat_pull_back(cotangents, create_graph=True)
    live = [(p, v) for p, v in zip(pulled, directions, strict=True) if p.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(run.ys)
    if live and cotangents:
        ps, vs = zip(*live, strict=True)
        found = graph_grad(ps, cotangents, vs, create_graph=nested, allow_unused=True)
    derivative = run.restore([
        namespace.zeros_like(y.detach()) if t is None else t if nested else t.detach()
        for t, y in zip(found, run.ys, strict=True)
    ])  # fmt: skip
    return (run.value, derivative, run.aux) if has_aux else (run.value, derivative)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of f at `primals` times the vector `tangents`, without forming the matrix.

    The Hessian is symmetric, so this is a vector-Jacobian product of the gradient. Layers in f
    don't update their state.
    """
    directions_of("hvp", primals, tangents)
    places = range_of(primals)
    with no_state_update():
        run = Trace("hvp", grad(f, places), primals, {}, places, False)
    return run.pull_back(tuple(tangents))


def range_of(primals: Sequence[Any]) -> tuple[int, ...]:
    """The positions of all primals."""
    return tuple(range(len(primals)))


def directions_of(name: str, primals: Any, tangents: Any) -> list[Tensor]:
    """The tangents as a flat list, checked against the primals they belong to."""
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, list | tuple):
            raise TypeError(
                f"{name}: the {what} are a {type(given).__name__}; pass a tuple, as (x,)"
            )
    try:
        flat = flatten_like(tuple(tangents), tuple(primals))
    except ValueError as error:
        raise ValueError(
            f"{name}: the tangents have not the form of the primals: {error}"
        ) from None
    directions = []
    for x, t in zip(flatten(tuple(primals))[0], flat, strict=True):
        x = x if isinstance(x, Tensor) else namespace.asarray(x)
        t = t if isinstance(t, Tensor) else namespace.asarray(t, dtype=x.dtype, device=x.device)
        if t.shape != x.shape:
            raise ValueError(f"{name}: tangent of shape {t.shape} for a primal of shape {x.shape}")
        if t.device is not x.device:
            raise ValueError(
                f"{name}: tangent on {t.device} for a primal on {x.device}; move one, as in "
                f"x.to({x.device.name!r})"
            )
        directions.append(t)
    return directions


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The matrix of all partial derivatives of f: shape (*value.shape, *argument.shape).

    For each Tensor of the value one matrix for each Tensor of the arguments: a container in the
    form of the value with containers in the form of the arguments. Layers in f don't update their
    state: a derivative that is looked at is no step of training.
    """

    @wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        with no_state_update():
            run = Trace("jacobian", f, args, kwargs, argnums, has_aux)
        if any(t.dtype.kind == "c" for t in (*run.ys, *run.inputs)):
            raise TypeError(
                "jacobian: of complex numbers there are two, by the real and by the imaginary "
                "part; take those of functions of real numbers that return mg.real(y), mg.imag(y)"
            )
        matrices = run.restore([run.rebuild(blocks(run, k)) for k in range(len(run.ys))])
        return (matrices, run.aux) if has_aux else matrices

    return derivative


def blocks(run: Trace, k: int) -> list[Tensor]:
    """The Jacobian of the k-th Tensor of the value by each input, row by row."""
    y = run.ys[k]
    basis = namespace.reshape(
        namespace.eye(y.size, dtype=y.dtype, device=y.device), (y.size, *y.shape)
    )
    rest = [namespace.zeros_like(other.detach()) for other in run.ys]
    rows = [
        run.flat_pull_back([*rest[:k], basis[i], *rest[k + 1 :]], create_graph=run.is_nested)
        for i in range(y.size)
    ]
    found = []
    for i, x in enumerate(run.inputs):
        shape = (*y.shape, *x.shape)
        if rows:
            row = namespace.stack([run.as_result(r[i]) for r in rows])
            found.append(namespace.reshape(row, shape))
        else:
            found.append(namespace.zeros(shape, dtype=x.dtype, device=x.device))
    return found


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The matrix of second derivatives of f: shape (*argument.shape, *argument.shape).

    Of several arguments, or of containers, a block for each pair: `h[i][j]` is the derivative by
    i and then by j.
    """
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)
