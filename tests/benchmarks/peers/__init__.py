"""Other libraries doing the same work, a file each.

A file has NAME and a function for each kind of work that it takes part in: `batch_norm`,
`mlp_step`, `cnn_step`, `convolution`. These are the only files that import MyGrad, autograd and
tinygrad.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from minigrad.bench import Candidate

__all__ = ["Peers", "peers_at"]

FILES = ("numpy_by_hand", "jax_jit", "mygrad_eager", "autograd_eager", "tinygrad_jit")


class Peers(NamedTuple):
    """Those that are here, and why the others are not."""

    candidates: dict[str, Candidate]
    left_out: dict[str, str]


def peers_at(work: str, *arguments: Any) -> Peers:
    """Every peer that does this work, after a trial call of another of its kind.

    One that is not installed, or fails where it has nothing to do with us (tinygrad needs a C
    compiler), is left out with the reason.
    """
    found = Peers({}, {})
    for file in FILES:
        try:
            module = import_module(f"{__name__}.{file}")
        except ImportError as error:
            found.left_out[file.partition("_")[0]] = str(error).partition("\n")[0]
            continue
        if hasattr(module, work):
            try:
                getattr(module, work)(*arguments)()
            except Exception as error:
                reason = f"{type(error).__name__}: {error}".partition("\n")[0]
                found.left_out[module.NAME] = reason
            else:
                # Made again: a training step that has been called is a step ahead.
                found.candidates[module.NAME] = getattr(module, work)(*arguments)
    return found
