"""Mistakes in linear algebra and indexing: transposes, repeats, offsets, permutations."""

from __future__ import annotations

from functools import partial

from ..mutant import Mutant, seeded

__all__ = ["linear_algebra"]

wrong = partial(seeded, "linear algebra")

linear_algebra: tuple[Mutant, ...] = (
    *wrong(
        "minigrad.ops.linalg.products",
        (
            "the gradient of the left factor is off by a transpose",
            "xp.matmul(g, xp.matrix_transpose(b)), a.shape)",
            "xp.matmul(g, b), a.shape)",
        ),
        (
            "the gradient of a matrix on the left is off by a transpose",
            "return xp.matmul(g, xp.matrix_transpose(b))\n",
            "return xp.matmul(g, b)\n",
        ),
        (
            "the gradient of a matrix on the right is transposed",
            "return xp.matmul(xp.matrix_transpose(a), g)\n",
            "return xp.matrix_transpose(xp.matmul(xp.matrix_transpose(a), g))\n",
        ),
        (
            "the gradient of the right factor is transposed",
            "xp.matmul(xp.matrix_transpose(a), g), b.shape)",
            "xp.matmul(xp.matrix_transpose(g), a), b.shape)",
        ),
        (
            "the gradient of a transposed matrix is not transposed",
            "lambda xp, g, y, x: xp.matrix_transpose(g)",
            "lambda xp, g, y, x: g",
        ),
    ),
    *wrong(
        "minigrad.ops.linalg.systems",
        (
            "the derivative of the inverse has the wrong sign",
            "-xp.matmul(xp.matmul(transposed, g), transposed)",
            "xp.matmul(xp.matmul(transposed, g), transposed)",
        ),
        (
            "the derivative of the inverse is off by a transpose",
            "transposed = xp.matrix_transpose(y)",
            "transposed = y",
        ),
        (
            "the gradient of a linear system solves it with the matrix untransposed",
            "xp.linalg.solve(xp.matrix_transpose(a), g)",
            "xp.linalg.solve(a, g)",
        ),
    ),
    *wrong(
        "minigrad.ops.linalg.determinants",
        (
            "the derivative of the determinant is off by a transpose",
            "y * xp.matrix_transpose(inverse)",
            "y * inverse",
        ),
    ),
    *wrong(
        "minigrad.ops.linalg.factors",
        (
            "the derivative of Cholesky's factor counts the diagonal twice",
            "(xp.tril(product) + xp.tril(product, k=-1)) / 4",
            "xp.tril(product) / 2",
        ),
    ),
    *wrong(
        "minigrad.ops.linalg.singular",
        (
            "the derivative of the pseudo-inverse lacks the part of the left null space",
            "+ (right - xp.matmul(xp.matmul(right, y), x))",
            "",
        ),
    ),
    *wrong(
        "minigrad.ops.indexing",
        (
            "of an element taken twice, one gradient counts",
            "xp.scatter_add(g, fill(frame, arrays), x.shape)",
            "xp.index_set(xp.zeros(x.shape, dtype=g.dtype, device=g.device), "
            "fill(frame, arrays), g)",
        ),
        (
            "what was overwritten still receives a gradient",
            "dx = xp.index_set(g, key, xp.zeros_like(taken))",
            "dx = g",
        ),
        (
            "of values written to one place, all receive a gradient",
            "taken = xp.where(xp.getitem(written, key) == order, taken, 0)",
            "pass",
        ),
    ),
    *wrong(
        "minigrad.ops.shapes",
        (
            "a permutation is undone by itself",
            "xp.permute_dims(g, inverse_of(axes))",
            "xp.permute_dims(g, axes)",
        ),
        (
            "every input of concat receives the first stretch",
            "slice(end - size, end)",
            "slice(0, size)",
        ),
        (
            "of copies, the mean of the gradients counts",
            "xp.reshape(xp.sum(g, axis=(*range(lead), *copied)), x.shape)",
            "xp.reshape(xp.mean(g, axis=(*range(lead), *copied)), x.shape)",
        ),
        (
            "the gradient of a shift is shifted further",
            "back = tuple(-s for s in shift) if isinstance(shift, tuple) else -shift",
            "back = shift",
        ),
        (
            "the gradient of a reversed array is not reversed",
            "lambda xp, g, y, x, *, axis: xp.flip(g, axis=axis)",
            "lambda xp, g, y, x, *, axis: g",
        ),
        (
            "the gradient of the lower triangle is the upper one",
            'triangle_vjp("tril")',
            'triangle_vjp("triu")',
        ),
    ),
    *wrong(
        "minigrad.ops.windows",
        (
            "the gradient of dilated windows is folded without dilation",
            "xp.fold(g, x.shape[-len(shape) :], strides, dilation)",
            "xp.fold(g, x.shape[-len(shape) :], strides, (1,) * len(dilation))",
        ),
    ),
)
