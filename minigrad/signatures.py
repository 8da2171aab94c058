"""The signature of an operation, read off its rules."""

from __future__ import annotations

from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING

from .tensor import Tensor

if TYPE_CHECKING:
    from .operation import Primitive

__all__ = ["signature_of"]


def signature_of(operation: Primitive) -> Signature:
    """The signature of the function that a primitive is.

    Inputs have the names that the rules give them; operands, whose dtypes promote, those of the
    standard: x, or x1 and x2.
    """
    if not operation.written and not operation.promotes:
        return signature(operation.__call__)
    taken = list(signature(operation.written[0]).parameters.values()) if operation.written else []
    inputs = [p for p in taken[4 if operation.residuals else 3 :] if p.kind is not p.KEYWORD_ONLY]
    params = [p for p in taken if p.kind is p.KEYWORD_ONLY]
    if operation.promotes:
        n = len(operation.rules)
        names = ["x"] if n == 1 else [f"x{i}" for i in range(1, n + 1)]
        inputs = [Parameter(name, Parameter.POSITIONAL_ONLY) for name in names]
    inputs = [
        p.replace(kind=p.POSITIONAL_ONLY) if p.kind is p.POSITIONAL_OR_KEYWORD else p
        for p in inputs
    ]
    return Signature([*inputs, *params], return_annotation=Tensor)
