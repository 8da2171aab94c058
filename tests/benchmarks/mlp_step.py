"""A training step of the MLP 2-16-16-1, in which the framework is what costs."""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.bench import Case, Library, mlp_case

from .peers import peers_at

__all__ = ["REFERENCES", "THREADS", "cases"]

REFERENCES = ("NumPy by hand", "PyTorch, nn and optim", "PyTorch, Tensors", "JAX jit")
THREADS = 1


def cases(libraries: list[Library], tiny: bool, left_out: dict[str, str]) -> Iterator[Case]:
    """The one case."""
    peers = peers_at("mlp_step")
    left_out |= peers.left_out
    yield mlp_case(libraries).beside(peers.candidates)
