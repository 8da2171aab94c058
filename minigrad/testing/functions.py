"""What is differentiated in a check: any function, as one from a flat list of arrays to another.

A primitive, a function of containers of Tensors, and a module with its parameters all become that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.autograd.tree import flatten

__all__ = ["FlatFunction"]

Array = np.ndarray[Any, Any]


class FlatFunction:
    """`f(*args)` as a function of its floating arguments alone, and of a module's parameters.

    `args` are Tensors, arrays of any backend, Python numbers, and containers of them; what is not
    floating is a constant. `values` holds the point at which it is differentiated and `names` what
    each is called. The value may be a Tensor or a container of them: a flat list here, of which
    integer and boolean Tensors are left out. Raises ValueError if nothing is floating.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], device: Any = None) -> None:
        self.f = f
        leaves, self._rebuild = flatten(list(args))
        tensors = [self._constant(x, device) for x in leaves]
        self._tensors = tensors
        self._places = [i for i, x in enumerate(tensors) if is_floating(x)]
        self.names = [f"argument {i}" for i in self._places]
        points = [tensors[i] for i in self._places]
        self._parameters: list[str] = []
        if isinstance(f, nn.Module):
            for name, p in f.named_parameters():
                if p.requires_grad:
                    self._parameters.append(name)
                    self.names.append(f"parameter {name!r}")
                    points.append(p)
        if not points:
            raise ValueError("check: none of the arguments is floating, nothing to differentiate")
        self.devices = [x.device for x in points]
        self.values: list[Array] = [x.detach().numpy() for x in points]

    @staticmethod
    def _constant(x: Any, device: Any) -> Any:
        if isinstance(x, mg.Tensor):
            return x.detach() if device is None else x.detach().to(device)
        if isinstance(x, float | complex) or hasattr(x, "dtype"):
            return mg.asarray(x, device=device)
        return x

    def __call__(self, *points: mg.Tensor) -> list[mg.Tensor]:
        """The floating outputs for other values of the floating inputs."""
        tensors = list(self._tensors)
        for i, x in zip(self._places, points, strict=False):
            tensors[i] = x
        args = self._rebuild(tensors)
        if isinstance(self.f, nn.Module):
            parameters = dict(zip(self._parameters, points[len(self._places) :], strict=True))
            with state_put_back(self.f):
                result = nn.functional_call(self.f, parameters, args)
        else:
            result = self.f(*args)
        outputs = [y for y in flatten(result)[0] if is_floating(y)]
        if not outputs:
            raise ValueError(f"check: the function returned no floating Tensor but {result!r}")
        return outputs

    def leaves(self, values: Sequence[Array]) -> list[mg.Tensor]:
        """Tensors of these values that require grad."""
        return [
            mg.tensor(v, device=d, requires_grad=True)
            for v, d in zip(values, self.devices, strict=True)
        ]


def is_floating(x: Any) -> bool:
    """Whether x is a Tensor of real or complex floating numbers: one that has derivatives."""
    return isinstance(x, mg.Tensor) and x.dtype.kind in "fc"


@contextmanager
def state_put_back(module: nn.Module) -> Iterator[None]:
    """Whatever a forward does to buffers, mode and the default generator is undone afterwards."""
    buffers = [(b, b.data) for b in module.buffers()]
    generator = mg.random.default_generator()
    state = generator.state_dict()
    try:
        yield
    finally:
        for buffer, data in buffers:
            buffer.data = data
        generator.load_state_dict(state)
