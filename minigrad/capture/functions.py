"""What is known of NumPy's functions and methods: what they ask for, and what they return."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["BY_VALUE", "IN_PLACE", "METHODS", "STATIC", "VIEWING", "VIEWS"]

STATIC = {np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type, np.can_cast}
"""Functions that ask for shape and dtype only."""

BY_VALUE = {
    np.nonzero, np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values,
    np.argwhere, np.flatnonzero, np.compress, np.extract,
}  # fmt: skip
"""Functions whose result has a shape that depends on values."""

METHODS = {
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "conjugate", "copy",
    "cumprod", "cumsum", "diagonal", "dot", "flatten", "max", "mean", "min", "prod", "ravel",
    "repeat", "reshape", "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take",
    "trace", "transpose", "var",
}  # fmt: skip
"""Methods of an array that compute another."""

VIEWING = {
    "astype", "conj", "conjugate", "diagonal", "ravel", "reshape", "squeeze", "swapaxes",
    "transpose",
}  # fmt: skip
"""Those whose result may see the memory of the array, or be that array."""

VIEWS = {
    np.broadcast_to, np.moveaxis, np.swapaxes, np.transpose, np.permute_dims, np.matrix_transpose,
    np.reshape, np.ravel, np.squeeze, np.expand_dims, np.flip, np.diagonal, np.linalg.diagonal,
    np.linalg.matrix_transpose, np.real, np.imag, np.conj, np.lib.stride_tricks.as_strided,
    np.split, np.unstack, np.rollaxis, np.atleast_1d, np.atleast_2d, np.astype,
}  # fmt: skip
"""Functions whose result may be a view of their first argument, or that argument itself."""

IN_PLACE: dict[str, Callable[..., Any]] = {
    "+": operator.iadd, "-": operator.isub, "*": operator.imul, "/": operator.itruediv,
    "//": operator.ifloordiv, "%": operator.imod, "**": operator.ipow, "@": operator.imatmul,
    "&": operator.iand, "|": operator.ior, "^": operator.ixor, "<<": operator.ilshift,
    ">>": operator.irshift,
}  # fmt: skip
"""The operators that change an array."""
