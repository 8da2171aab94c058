"""Numbers of things, as rows of a table, or as vectors with a single one."""

from __future__ import annotations

from ...tensor import Tensor
from ...tensor import namespace as mg
from .labels import check_labels

__all__ = ["embedding", "one_hot"]


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of `weight` that the integers `input` name: (...) becomes (..., embedding_dim).

    The row `padding_idx` receives no gradient. Raises TypeError for an input that is not integer,
    IndexError for a number that is not below num_embeddings.
    """
    if weight.ndim != 2:
        raise ValueError(f"embedding: weight {weight.shape}: expected (num_embeddings, dim)")
    rows = weight.shape[0]
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise ValueError(f"embedding: padding_idx {padding_idx} is no row of weight {weight.shape}")
    check_labels("embedding", "input", input, rows, IndexError)
    y = mg.getitem(weight, (input,))
    if padding_idx is None:
        return y
    is_padding = mg.expand_dims(input == padding_idx % rows, axis=-1)
    return mg.where(is_padding, y.detach(), y)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Integers as vectors of int64 with a one at their place: (...) becomes (..., num_classes).

    With -1 there are as many classes as the largest integer needs.
    """
    if num_classes == -1:
        if tensor.size == 0:
            raise ValueError("one_hot: an empty Tensor does not tell num_classes; pass it")
        num_classes = int(mg.max(tensor)) + 1 if tensor.dtype.kind in "iu" else 0
    check_labels("one_hot", "tensor", tensor, num_classes, ValueError)
    classes = mg.arange(num_classes, dtype=mg.int64, device=tensor.device)
    is_class = mg.expand_dims(mg.astype(tensor, mg.int64), axis=-1) == classes
    return mg.astype(is_class, mg.int64)
