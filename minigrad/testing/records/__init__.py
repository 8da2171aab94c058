"""The records of minigrad's operations: one for every primitive, one for every composed function.

They drive the tests of the project, the support table, and the grading of backends. A package with
primitives of its own announces its records by an entry point of the group `minigrad.records`.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from ..record import OpRecord
from . import (
    complex,
    complex_matrices,
    composed,
    constants,
    convolution,
    elementwise,
    fft,
    indexing,
    linalg,
    matrices,
    nn,
    reductions,
    sets,
    shapes,
    special,
    windows,
)

__all__ = ["differentiable", "everything", "primitives", "sections"]

sections: dict[str, list[OpRecord]] = {
    "Element by element": elementwise.records,
    "Integer and boolean results": constants.records,
    "Without a derivative": sets.records,
    "Reductions and scans": reductions.records,
    "Arranging": shapes.records,
    "Windows": [*windows.records, *convolution.records],
    "Indexing": indexing.records,
    "Products": linalg.records,
    "Linear algebra": matrices.records,
    "Special functions": special.records,
    "Nets": nn.records,
    **{point.name: point.load() for point in entry_points(group="minigrad.records")},
    "Complex numbers": [
        *complex.records,
        *complex.composed,
        *complex_matrices.composed,
        *convolution.composed,
    ],
    "Fourier transforms": [*fft.records, *fft.composed],
    "Composed of the others": [
        *composed.records,
        *linalg.composed,
        *matrices.composed,
        *special.composed,
    ],
}
"""All records, by the headings of the support table."""

everything: list[OpRecord] = [record for records in sections.values() for record in records]
primitives: list[OpRecord] = [record for record in everything if record.primitive is not None]
differentiable: list[OpRecord] = [
    record for record in everything if not record.constant and not record.undefined
]
