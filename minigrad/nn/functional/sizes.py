"""The sizes that windows are described by: one number, or one for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["Size", "same_padding", "sizes"]

Size = int | Sequence[int]


def sizes(name: str, what: str, value: Size, k: int, least: int) -> tuple[int, ...]:
    """`value` as `k` integers, each at least `least`. Raises ValueError for anything else."""
    each: tuple[Any, ...] = tuple(value) if isinstance(value, Sequence) else (value,)
    if len(each) == 1:
        each = each * k
    if len(each) != k or not all(hasattr(n, "__index__") and n >= least for n in each):
        raise ValueError(
            f"{name}: {what} is {value!r}, expected an integer of at least {least}"
            + (f", or {k} of them" if k > 1 else "")
        )
    return tuple(map(int, each))


def same_padding(
    name: str,
    padding: str,
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """The zeros (before, after) that "same" or "valid" stand for; an odd one goes behind."""
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding != "same":
        raise ValueError(f"{name}: padding is {padding!r}, expected 'same', 'valid' or a size")
    if max(strides) > 1:
        raise ValueError(f"{name}: padding='same' needs stride 1, got {strides}; give a number")
    totals = [d * (n - 1) for n, d in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)
