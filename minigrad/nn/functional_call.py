"""A module as a function of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..tensor import Tensor
from .module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: Mapping[str, Tensor],
    args: Sequence[Any] | Any,
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """What `module` returns for `args` with other Tensors in place of those named.

    Names are the paths of `named_parameters` and `named_buffers`; what is not named stays. So a
    module can be differentiated as a function of its parameters, to any order:

        mg.hessian(lambda w: F.mse_loss(nn.functional_call(net, {"weight": w}, (x,)), y))(w)

    A parameter that a net uses in two places is replaced in both. The name and the arguments are
    those of `torch.func.functional_call`. Raises KeyError for a name that the module does not have.
    """
    arguments = args if isinstance(args, tuple | list) else (args,)
    with replaced(module, parameters_and_buffers):
        return module(*arguments, **(kwargs or {}))


@contextmanager
def replaced(module: Module, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """The Tensors in place of those of their names, for a block."""
    own = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    unknown = [name for name in tensors if name not in own]
    if unknown:
        raise KeyError(
            f"functional_call: {type(module).__name__} has no {unknown}; it has {[*own]}"
        )
    by_identity = {id(own[name]): tensor for name, tensor in tensors.items()}
    new = {path: by_identity[id(t)] for path, t in own.items() if id(t) in by_identity}
    kept = []
    try:
        for path, tensor in new.items():
            owner, _, name = path.rpartition(".")
            attributes = module.get_submodule(owner).__dict__
            kept.append((attributes, name, attributes[name]))
            attributes[name] = tensor
        yield
    finally:
        for attributes, name, before in reversed(kept):
            attributes[name] = before
