"""What is timed against each other: a case for each kind of work.

Every case has minigrad in it, and what the other libraries make of the same program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .agreement import check_agreement
from .batchnorm import BatchNormProblem, batch_norm
from .cnn import CNNProblem, cnn_step
from .libraries import Library, numpy_alone
from .mlp import mlp_nn_step, mlp_tensor_step
from .one_operation import REPEATED, forward, with_backward
from .timing import Candidate, Effort, Series, interleaved

__all__ = [
    "Case",
    "batch_norm_case",
    "cnn_case",
    "measured",
    "measured_again",
    "mlp_case",
    "operation_cases",
]


class Case(NamedTuple):
    """Candidates that do the same work."""

    name: str
    candidates: dict[str, Candidate]
    calls: int = 1
    """How many calls in a row are compared before anything is timed."""
    repeated: int = 1
    """How often a call does what is to be timed."""
    yardsticks: Mapping[str, Candidate] = {}
    """Timed with the candidates, but other work."""

    def beside(self, others: Mapping[str, Candidate]) -> Case:
        """The case with more candidates."""
        return self._replace(candidates={**self.candidates, **others})


def measured(case: Case, effort: Effort) -> dict[str, Series]:
    """The times of all candidates, which are checked to agree before; microseconds.

    Raises DisagreementError if they do not.
    """
    check_agreement(case.candidates, calls=case.calls)
    return measured_again(case, effort)


def measured_again(case: Case, effort: Effort) -> dict[str, Series]:
    """The times of candidates that have been checked, and of which some are steps ahead now."""
    times = interleaved({**case.candidates, **case.yardsticks}, effort)
    return {
        name: Series(tuple(time / case.repeated for time in series.rounds))
        for name, series in times.items()
    }


def batch_norm_case(libraries: Sequence[Library], problem: BatchNormProblem) -> Case:
    """Batch norm in training: a layer of each library, and ours without numba."""
    candidates = {library.name: batch_norm(library, problem) for library in libraries}
    if libraries[0].on_numpy:
        candidates["minigrad, NumPy alone"] = numpy_alone(batch_norm(libraries[0], problem))
    return Case(str(problem.x.shape), candidates)


def mlp_case(libraries: Sequence[Library]) -> Case:
    """The step of a very small net, compared along twenty of them."""
    candidates = {}
    for library in libraries:
        candidates[f"{library.name}, Tensors"] = mlp_tensor_step(library)
        candidates[f"{library.name}, nn and optim"] = mlp_nn_step(library)
    if libraries[0].on_numpy:
        candidates["minigrad, captured"] = mlp_nn_step(libraries[0], captured=True)
    return Case("step", candidates, calls=20)


def cnn_case(libraries: Sequence[Library], problem: CNNProblem) -> Case:
    """The step of a small CNN, compared along five of them."""
    candidates = {library.name: cnn_step(library, problem) for library in libraries}
    if libraries[0].on_numpy:
        candidates["minigrad, NumPy alone"] = numpy_alone(cnn_step(libraries[0], problem))
        candidates["minigrad, captured"] = cnn_step(libraries[0], problem, captured=True)
    return Case("step", candidates, calls=5)


def operation_cases(libraries: Sequence[Library], operation: str) -> Iterator[Case]:
    """One operation, forward and with backward."""
    for name, make in (("forward", forward), ("with backward", with_backward)):
        candidates = {library.name: make(library, operation) for library in libraries}
        yield Case(f"{operation}, {name}", candidates, repeated=REPEATED)
