"""A training step of the MLP 2-16-16-1, in which the framework is what costs."""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.bench import Library, can_capture, mlp_nn_step, mlp_tensor_step

from .peers import peers_at
from .timed import Case

__all__ = ["REFERENCES", "THREADS", "cases"]

REFERENCES = ("NumPy by hand", "PyTorch, nn and optim", "PyTorch, Tensors", "JAX jit")
THREADS = 1


def cases(libraries: list[Library], tiny: bool, left_out: dict[str, str]) -> Iterator[Case]:
    """The one case, compared along twenty steps."""
    candidates = {}
    for library in libraries:
        candidates[f"{library.name}, Tensors"] = mlp_tensor_step(library)
        candidates[f"{library.name}, nn and optim"] = mlp_nn_step(library)
    if can_capture():
        candidates["minigrad, captured"] = mlp_nn_step(libraries[0], captured=True)
    peers = peers_at("mlp_step")
    left_out |= peers.left_out
    yield Case("step", candidates | peers.candidates, calls=20)
