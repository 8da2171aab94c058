"""What is written between Tensors, and the methods that users of NumPy and PyTorch reach for.

Each asks the namespace that the array API standard names for it, which is the package itself: that
is the one arrow that points up.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["Operators", "namespace"]

namespace: Any = sys.modules[__package__]


class Operators:
    """The operators and methods of a Tensor: each a function of the namespace, by another name."""

    __slots__ = ()

    def __add__(self, other: Any, /) -> Tensor:
        return namespace.add.apply(self, other)

    def __radd__(self, other: Any, /) -> Tensor:
        return namespace.add.apply(other, self)

    def __sub__(self, other: Any, /) -> Tensor:
        return namespace.subtract.apply(self, other)

    def __rsub__(self, other: Any, /) -> Tensor:
        return namespace.subtract.apply(other, self)

    def __mul__(self, other: Any, /) -> Tensor:
        return namespace.multiply.apply(self, other)

    def __rmul__(self, other: Any, /) -> Tensor:
        return namespace.multiply.apply(other, self)

    def __truediv__(self, other: Any, /) -> Tensor:
        return namespace.divide.apply(self, other)

    def __rtruediv__(self, other: Any, /) -> Tensor:
        return namespace.divide.apply(other, self)

    def __floordiv__(self, other: Any, /) -> Tensor:
        return namespace.floor_divide.apply(self, other)

    def __rfloordiv__(self, other: Any, /) -> Tensor:
        return namespace.floor_divide.apply(other, self)

    def __mod__(self, other: Any, /) -> Tensor:
        return namespace.remainder.apply(self, other)

    def __rmod__(self, other: Any, /) -> Tensor:
        return namespace.remainder.apply(other, self)

    def __pow__(self, other: Any, /) -> Tensor:
        return namespace.pow(self, other)

    def __rpow__(self, other: Any, /) -> Tensor:
        return namespace.pow(other, self)

    def __matmul__(self, other: Any, /) -> Tensor:
        return namespace.matmul.apply(self, other)

    def __rmatmul__(self, other: Any, /) -> Tensor:
        return namespace.matmul.apply(other, self)

    def __neg__(self) -> Tensor:
        return namespace.negative.apply(self)

    def __pos__(self) -> Tensor:
        return namespace.positive.apply(self)

    def __abs__(self) -> Tensor:
        return namespace.abs.apply(self)

    def __invert__(self) -> Tensor:
        return namespace.bitwise_invert.apply(self)

    def __and__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_and.apply(self, other)

    def __rand__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_and.apply(other, self)

    def __or__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_or.apply(self, other)

    def __ror__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_or.apply(other, self)

    def __xor__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_xor.apply(self, other)

    def __rxor__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_xor.apply(other, self)

    def __lshift__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_left_shift.apply(self, other)

    def __rlshift__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_left_shift.apply(other, self)

    def __rshift__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_right_shift.apply(self, other)

    def __rrshift__(self, other: Any, /) -> Tensor:
        return namespace.bitwise_right_shift.apply(other, self)

    def __eq__(self, other: object, /) -> Tensor:  # type: ignore[override]
        return namespace.equal.apply(self, other)

    def __ne__(self, other: object, /) -> Tensor:  # type: ignore[override]
        return namespace.not_equal.apply(self, other)

    def __lt__(self, other: Any, /) -> Tensor:
        return namespace.less.apply(self, other)

    def __le__(self, other: Any, /) -> Tensor:
        return namespace.less_equal.apply(self, other)

    def __gt__(self, other: Any, /) -> Tensor:
        return namespace.greater.apply(self, other)

    def __ge__(self, other: Any, /) -> Tensor:
        return namespace.greater_equal.apply(self, other)

    def __getitem__(self, key: Any, /) -> Tensor:
        return namespace.getitem(self, key)

    # --- methods that users of NumPy and PyTorch reach for ---------------------------------------

    @property
    def T(self) -> Tensor:
        """The transpose of a matrix."""
        return namespace.permute_dims(self, (1, 0))

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped."""
        return namespace.matrix_transpose(self)

    @property
    def real(self) -> Tensor:
        """The real part; see `mg.real`."""
        return namespace.real(self)

    @property
    def imag(self) -> Tensor:
        """The imaginary part; see `mg.imag`."""
        return namespace.imag(self)

    def conj(self) -> Tensor:
        """The complex conjugate; see `mg.conj`."""
        return namespace.conj(self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The sum over `axis`; see `mg.sum`."""
        return namespace.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The mean over `axis`; see `mg.mean`."""
        return namespace.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
        """The variance over `axis`; see `mg.var`."""
        return namespace.var(self, axis=axis, correction=correction, keepdims=keepdims)

    def std(self, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
        """The standard deviation over `axis`; see `mg.std`."""
        return namespace.std(self, axis=axis, correction=correction, keepdims=keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The product over `axis`; see `mg.prod`."""
        return namespace.prod(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The largest element over `axis`; see `mg.max`."""
        return namespace.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The smallest element over `axis`; see `mg.min`."""
        return namespace.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The index of the first largest element; see `mg.argmax`."""
        return namespace.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The index of the first smallest element; see `mg.argmin`."""
        return namespace.argmin(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape; see `mg.reshape`."""
        whole = shape and not isinstance(shape[0], int)
        return namespace.reshape(self, shape[0] if whole else shape)

    def astype(self, dtype: Any) -> Tensor:
        """The values as another dtype; see `mg.astype`."""
        return namespace.astype(self, dtype)
