"""logsumexp, softmax and its logarithm: along axes, and without overflow."""

from __future__ import annotations

from typing import Any

from ..dtypes import as_floating
from ..primitive import primitive
from ..tensor import Tensor, namespace
from .axes import Axis, restore_axes

__all__ = ["log_softmax", "log_softmax_primitive", "logsumexp", "softmax"]


def shift_of(xp: Any, x: Any, axis: Axis) -> Any:
    """The maximum over `axis`, which keeps exponentials in range; 0 where it is infinite."""
    largest = xp.max(x, axis=axis, keepdims=True)
    return xp.where(xp.isfinite(largest), largest, 0)


def logsumexp_forward(xp: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    shift = shift_of(xp, x, axis)
    y = xp.log(xp.sum(xp.exp(x - shift), axis=axis, keepdims=True)) + shift
    return y if keepdims else xp.squeeze(y, axis=axis)


def logsumexp_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    """Each exponential's share of the sum."""
    g, y = (restore_axes(xp, a, x.shape, axis, keepdims) for a in (g, y))
    return g * xp.exp(x - y)


def softmax_forward(xp: Any, x: Any, *, axis: Axis) -> Any:
    if x.size == 0:  # which has no maximum
        return xp.exp(x)
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return e / xp.sum(e, axis=axis, keepdims=True)


def softmax_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: Axis) -> Any:
    return y * (g - xp.sum(g * y, axis=axis, keepdims=True))


def log_softmax_forward(xp: Any, x: Any, *, axis: Axis) -> Any:
    if x.size == 0:
        return xp.exp(x)
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def log_softmax_vjp(xp: Any, g: Any, y: Any, x: Any, *, axis: Axis) -> Any:
    return g - xp.exp(y) * xp.sum(g, axis=axis, keepdims=True)


_logsumexp = primitive("logsumexp", logsumexp_vjp, forward=logsumexp_forward)
_softmax = primitive("softmax", softmax_vjp, forward=softmax_forward, floating=True, wrapped=True)
log_softmax_primitive = primitive(
    "log_softmax", log_softmax_vjp, forward=log_softmax_forward, floating=True, wrapped=True
)

_softmax.array_function().register(
    "numpy", "minigrad.kernels.softmax:softmax", dtypes=("float16", "float32", "float64")
)
for operation in (_softmax, log_softmax_primitive):
    for rule, least in ((None, 512), (0, 2048)):
        part = operation.array_function(rule)
        name = operation.name if rule is None else f"{operation.name}_vjp"
        part.register("numpy", f"minigrad.kernels.softmax_blocks:{name}", least=65536)
        part.register(
            "numpy", f"minigrad.kernels.softmax_loops:{name}",
            library="numba", dtypes=("float32",), least=least,
        )  # fmt: skip


def logsumexp(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over `axis`, without overflow; -inf for no elements."""
    x = as_floating(x)
    if axis is None:
        axis = tuple(range(x.ndim))
    if x.size == 0:
        return namespace.log(namespace.sum(namespace.exp(x), axis=axis, keepdims=keepdims))
    return _logsumexp(x, axis=axis, keepdims=keepdims)


def softmax(x: Tensor, /, *, axis: Axis = -1) -> Tensor:
    """exp(x) / sum(exp(x)) over `axis`, without overflow."""
    return _softmax.apply(x, axis=axis)


def log_softmax(x: Tensor, /, *, axis: Axis = -1) -> Tensor:
    """The logarithm of softmax, exact where softmax itself would underflow."""
    return log_softmax_primitive.apply(x, axis=axis)
