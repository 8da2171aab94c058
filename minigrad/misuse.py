"""What an operation says when it is called with what it can't take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .broadcasting import diagnose_broadcast
from .inputs import describe
from .tensor import Tensor

if TYPE_CHECKING:
    from .operation import Primitive

__all__ = ["MISUSE", "explained", "mixed_devices"]

MISUSE = (TypeError, ValueError, IndexError, OverflowError)
"""What array libraries raise for inputs that they can't take."""


def mixed_devices(operation: Primitive, inputs: tuple[Any, ...]) -> Exception:
    """Inputs of two devices or backends can't meet: where they are, and how to move one."""
    devices = [x.device for x in inputs if isinstance(x, Tensor)]
    names = " and ".join(dict.fromkeys(device.name for device in devices))
    return ValueError(
        f"{operation.name}: inputs are on {names}; move one, as in x.to({devices[0].name!r})"
    )


def explained(
    operation: Primitive, error: Exception, inputs: tuple[Any, ...], params: dict[str, Any]
) -> Exception:
    """What the array library raised, as an error that names the operation and what it was given."""
    kind = type(error) if type(error) in (TypeError, IndexError) else ValueError
    reason = operation.diagnose(*inputs, **params) if operation.diagnose is not None else None
    if reason is None and operation.broadcasts:
        reason = diagnose_broadcast(*inputs)
    if reason is None:
        what = ", ".join(describe(x) for x in inputs)
        reason = f"{str(error).strip() or type(error).__name__}; got {what}"
    return kind(f"{operation.name}: {reason}")
