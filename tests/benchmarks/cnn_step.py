"""A training step of a small CNN with batch norm."""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.bench import Case, CNNProblem, Library, cnn_case

from .peers import peers_at

__all__ = ["REFERENCES", "cases"]

REFERENCES = ("PyTorch",)
SMALL = {"batch": 4, "size": 8, "channels": (2, 3)}


def cases(libraries: list[Library], tiny: bool, left_out: dict[str, str]) -> Iterator[Case]:
    """The one case."""
    problem = CNNProblem.of(**SMALL) if tiny else CNNProblem.of()
    peers = peers_at("cnn_step", problem)
    left_out |= peers.left_out
    yield cnn_case(libraries, problem).beside(peers.candidates)
