"""The primitive table: one row for every primitive, and one for every function composed of them.

A package with primitives of its own adds a module of rows here.
"""

from __future__ import annotations

from . import (
    rows_bn,
    rows_complex,
    rows_composed,
    rows_constants,
    rows_elementwise,
    rows_fft,
    rows_indexing,
    rows_linalg,
    rows_matrices,
    rows_nn,
    rows_reductions,
    rows_sets,
    rows_shapes,
    rows_special,
    rows_windows,
)
from .row import Row

__all__ = ["composed", "differentiable", "everything", "primitives"]

primitives: list[Row] = [
    *rows_elementwise.rows,
    *rows_constants.rows,
    *rows_sets.rows,
    *rows_reductions.rows,
    *rows_shapes.rows,
    *rows_windows.rows,
    *rows_indexing.rows,
    *rows_linalg.rows,
    *rows_matrices.rows,
    *rows_special.rows,
    *rows_nn.rows,
    *rows_bn.rows,
    *rows_complex.rows,
    *rows_fft.rows,
]
composed: list[Row] = [
    *rows_composed.rows,
    *rows_linalg.composed,
    *rows_matrices.composed,
    *rows_special.composed,
    *rows_complex.composed,
    *rows_fft.composed,
]
everything: list[Row] = [*primitives, *composed]
differentiable: list[Row] = [row for row in everything if not row.constant and not row.undefined]
