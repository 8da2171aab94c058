"""A training step of a small CNN with batch norm."""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.bench import CNNProblem, Library, can_capture, cnn_step, numpy_alone

from .peers import peers_at
from .timed import Case

__all__ = ["REFERENCES", "cases"]

REFERENCES = ("PyTorch",)
SMALL = {"batch": 4, "size": 8, "channels": (2, 3)}


def cases(libraries: list[Library], tiny: bool, left_out: dict[str, str]) -> Iterator[Case]:
    """The one case, compared along five steps."""
    problem = CNNProblem.of(**SMALL) if tiny else CNNProblem.of()
    candidates = {library.name: cnn_step(library, problem) for library in libraries}
    candidates["minigrad, NumPy alone"] = numpy_alone(cnn_step(libraries[0], problem))
    if can_capture():
        candidates["minigrad, captured"] = cnn_step(libraries[0], problem, captured=True)
    peers = peers_at("cnn_step", problem)
    left_out |= peers.left_out
    yield Case("step", candidates | peers.candidates, calls=5)
