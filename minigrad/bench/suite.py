"""The short suite of `minigrad bench`: each kind of work, in under a minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .batchnorm import SHAPES, SMALL, BatchNormProblem
from .cases import Case, batch_norm_case, cnn_case, mlp_case, operation_cases
from .cnn import CNNProblem
from .libraries import Library
from .one_operation import OPERATIONS

__all__ = ["suite"]


def suite(libraries: Sequence[Library], *, tiny: bool = False) -> Iterator[tuple[Case, bool]]:
    """What is measured, made when it is its turn; and whether it is small: best on one thread."""
    for shape in SMALL[-1:] if tiny else (SHAPES[0], SHAPES[1], SHAPES[5]):
        case = batch_norm_case(libraries, BatchNormProblem.of(shape))
        yield case._replace(name=f"batch norm {case.name}"), False
    problem = CNNProblem.of(4, 8, (2, 3)) if tiny else CNNProblem.of()
    yield cnn_case(libraries, problem)._replace(name="CNN step"), False
    yield mlp_case(libraries)._replace(name="MLP step"), True
    for operation in OPERATIONS[:1] if tiny else OPERATIONS:
        for case in operation_cases(libraries, operation):
            yield case, True
