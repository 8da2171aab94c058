"""Dropout."""

from __future__ import annotations

from ... import random
from ...tensor import Tensor

__all__ = ["dropout"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """The input with each element replaced by 0 with probability p, the others divided by 1 - p.

    So the expectation stays; unless `training`, the input itself. The draws come from
    `mg.random`. Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
    overfitting". Raises ValueError unless 0 <= p <= 1.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p is {p}, expected 0 <= p <= 1")
    if not training or p == 0:
        return input
    kept = random.bernoulli(input.shape, 1 - p, dtype=input.dtype, device=input.device)
    y = input * (kept if p == 1 else kept * (1 / (1 - p)))
    return input._rebind(y, "dropout(inplace=True)") if inplace else y
