"""Pooling into a grid of bins, whatever the size of the input."""

from __future__ import annotations

from ...tensor import Tensor
from ...tensor import namespace as mg

__all__ = ["adaptive_avg_pool2d"]


def adaptive_avg_pool2d(input: Tensor, output_size: int | tuple[int | None, int | None]) -> Tensor:
    """Means over a grid of bins of (N, C, H, W) or (C, H, W): as many as `output_size` says.

    None keeps an axis as it is. Bin i of o covers floor(i n / o) to ceil((i + 1) n / o): bins may
    overlap by an element.
    """
    wanted = output_size if isinstance(output_size, tuple | list) else (output_size,) * 2
    if input.ndim not in (3, 4):
        raise ValueError(f"adaptive_avg_pool2d: input {input.shape}: expected 3 or 4 axes")
    if len(wanted) != 2 or any(n is not None and n < 1 for n in wanted):
        raise ValueError(
            f"adaptive_avg_pool2d: output_size is {output_size!r}, expected an integer, or two of "
            "which either may be None"
        )
    for axis, bins in zip((-2, -1), wanted, strict=True):
        if bins is not None and bins != input.shape[axis]:
            input = bin_means(input, axis, bins)
    return input


def bin_means(x: Tensor, axis: int, bins: int) -> Tensor:
    """The mean of each of `bins` stretches of x along `axis`."""
    n = x.shape[axis]
    rest = (slice(None),) * (-axis - 1)
    ends = [(i * n // bins, -(-(i + 1) * n // bins)) for i in range(bins)]
    means = [mg.mean(x[(..., slice(a, b), *rest)], axis=axis, keepdims=True) for a, b in ends]
    return mg.concat(means, axis=axis)
