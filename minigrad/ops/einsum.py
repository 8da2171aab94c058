"""Einstein's summation: products of arrays whose axes have names, summed over names that go.

Two operands at a time are contracted, by one product of matrices; at each step the two whose result
is the smallest. Nothing here is a primitive: the derivative is that of the products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

from ..inputs import lift
from ..tensor import Tensor, namespace
from .linalg.diagonals import diagonal
from .linalg.products import matmul

__all__ = ["einsum"]

Label = str | int
"""The name of an axis: a letter, or for those of an ellipsis their number from the end."""


class Term(NamedTuple):
    """An operand and the names of its axes."""

    x: Tensor
    labels: tuple[Label, ...]


def einsum(subscripts: str, /, *operands: Tensor) -> Tensor:
    """The sum of products that `subscripts` names, as in "ij,jk->ik".

    A letter stands for an axis, "..." for axes that broadcast. A letter twice in one operand takes
    the diagonal; letters missing after "->" are summed over. Without "->" those that occur once
    stay, in alphabetical order. Raises ValueError for subscripts that do not fit the operands.
    """
    xs = [x if isinstance(x, Tensor) else namespace.asarray(x) for x in lift("einsum", operands)]
    described = f"einsum: {subscripts!r} for {', '.join(str(x.shape) for x in xs)}"
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    parts = inputs.split(",")
    if len(parts) != len(xs):
        raise ValueError(f"{described}: {len(parts)} operands are named, {len(xs)} are given")
    terms = [Term(x, labels_of(part, x.ndim, described)) for part, x in zip(parts, xs, strict=True)]
    sizes = sizes_of(terms, described)
    output = output_of(result if arrow else None, terms, described)
    for label in output:
        if label not in sizes or output.count(label) > 1:
            raise ValueError(f"{described}: the result names {label!r}, which no operand has once")

    terms = [simplified(term, kept_by(terms, output, term), sizes) for term in terms]
    while len(terms) > 1:
        a, b = min(
            combinations(terms, 2),
            key=lambda pair: math.prod(sizes[c] for c in kept_by(terms, output, *pair, own=True)),
        )
        new = contracted(a, b, kept_by(terms, output, a, b), sizes)
        terms = [term for term in terms if term is not a and term is not b] + [new]
    ((x, labels),) = terms
    return namespace.permute_dims(x, tuple(labels.index(label) for label in output))


def labels_of(part: str, ndim: int, described: str) -> tuple[Label, ...]:
    """The names of an operand's axes."""
    before, ellipsis, after = part.partition("...")
    letters = before + after
    if letters and not (letters.isascii() and letters.isalpha()):
        raise ValueError(f"{described}: {part!r} is made of other signs than letters and one '...'")
    rest = ndim - len(letters)
    if rest < 0 or (rest and not ellipsis):
        raise ValueError(f"{described}: {part!r} names {len(letters)} axes of {ndim}")
    return (*before, *range(-rest, 0), *after)


def output_of(result: str | None, terms: Sequence[Term], described: str) -> tuple[Label, ...]:
    """The names of the result's axes."""
    named = [label for term in terms for label in term.labels]
    broadcast = sorted({label for label in named if isinstance(label, int)})
    if result is None:
        letters = sorted(c for c in set(named) if isinstance(c, str) and named.count(c) == 1)
        return (*broadcast, *letters)
    if broadcast and "..." not in result:
        raise ValueError(f"{described}: the result lacks the '...' of the operands")
    dims = len(result.replace("...", "")) + len(broadcast)
    return labels_of(result, dims, described)


def sizes_of(terms: Sequence[Term], described: str) -> dict[Label, int]:
    """How long each named axis is; axes of size 1 broadcast."""
    sizes: dict[Label, int] = {}
    for x, labels in terms:
        for label, n in zip(labels, x.shape, strict=True):
            known = sizes.setdefault(label, n)
            if known != n and 1 not in (known, n):
                raise ValueError(f"{described}: {label!r} has sizes {known} and {n}")
            sizes[label] = n if known == 1 else known
    return sizes


def kept_by(
    terms: Sequence[Term], output: tuple[Label, ...], *chosen: Term, own: bool = False
) -> set[Label]:
    """The names that the result, or an operand not chosen, has; with `own`, of those chosen."""
    others = [term for term in terms if all(term is not c for c in chosen)]
    kept = {*output, *(label for term in others for label in term.labels)}
    return kept & {label for c in chosen for label in c.labels} if own else kept


def simplified(term: Term, kept: set[Label], sizes: dict[Label, int]) -> Term:
    """The operand with each name once, summed over those that nobody else wants."""
    x, labels = term
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            order = [i for i in range(x.ndim) if i not in (first, second)]
            x = diagonal(namespace.permute_dims(x, (*order, first, second)))
            labels = (*(labels[i] for i in order), label)
    gone = [i for i, c in enumerate(labels) if c not in kept or (x.shape[i] == 1 != sizes[c])]
    x = namespace.sum(x, axis=tuple(gone), dtype=x.dtype) if gone else x
    return Term(x, tuple(c for i, c in enumerate(labels) if i not in gone))


def contracted(a: Term, b: Term, kept: set[Label], sizes: dict[Label, int]) -> Term:
    """The product of two operands, summed over the names that only they have."""
    both = [c for c in a.labels if c in b.labels]
    batch, summed = [c for c in both if c in kept], [c for c in both if c not in kept]
    left, right = ([c for c in t.labels if c not in both] for t in (a, b))
    count = lambda labels: math.prod(sizes[c] for c in labels)

    def arranged(term: Term, rows: list[Label], columns: list[Label]) -> Any:
        order = tuple(term.labels.index(c) for c in (*batch, *rows, *columns))
        shape = (*(sizes[c] for c in batch), count(rows), count(columns))
        return namespace.reshape(namespace.permute_dims(term.x, order), shape)

    product = matmul(arranged(a, left, summed), arranged(b, summed, right))
    labels = (*batch, *left, *right)
    return Term(namespace.reshape(product, tuple(sizes[c] for c in labels)), labels)
