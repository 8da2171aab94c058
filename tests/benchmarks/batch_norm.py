"""Batch norm in training, forward and backward, of seven shapes."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from minigrad.bench import SHAPES, BatchNormProblem, Candidate, Case, Library, batch_norm_case
from minigrad.bench.batchnorm import SMALL
from minigrad.kernels.threads import parallel_for

from .peers import peers_at

__all__ = ["REFERENCES", "cases"]

REFERENCES = ("PyTorch", "copying")
ARRAYS = 5
"""What has to pass through memory: x is read, y written; then g and x are read, dx written."""


def copying(x: np.ndarray) -> Candidate:
    """Copies as much from memory to memory as batch norm has to read and write, with all cores."""
    out = np.empty_like(x)

    def copy(start: int, stop: int) -> None:
        np.copyto(out[start:stop], x[start:stop])

    def call() -> None:
        # A copy moves two arrays.
        for _ in range(ARRAYS // 2):
            parallel_for(copy, len(x), work=2 * x.size)
        parallel_for(copy, len(x) // 2, work=x.size)

    return call


def cases(libraries: list[Library], tiny: bool, left_out: dict[str, str]) -> Iterator[Case]:
    """A case for each shape, the largest with the time of copying as much."""
    shapes = SMALL if tiny else SHAPES
    largest = max(shapes, key=prod)
    for shape in shapes:
        problem = BatchNormProblem.of(shape)
        case = batch_norm_case(libraries, problem)
        if shape == largest:
            case = case._replace(yardsticks={"copying": copying(problem.x)})
        peers = peers_at("batch_norm", problem)
        left_out |= peers.left_out
        yield case.beside(peers.candidates)
