"""The same few steps of training in minigrad and in PyTorch, on given gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.tolerance import assert_close, largest

__all__ = ["Twins", "give_gradients", "make_parameters"]

OPERATIONS = 24
"""Arithmetic operations of one step, in the longest of the formulas."""
SHAPES = ((2, 3), (), (1, 2, 2), (0,), (3,))


def make_parameters(rng: np.random.Generator, device: Any, dtype: str = "float64") -> list[Any]:
    """Parameters of several shapes, one without axes and one without elements."""
    values = [rng.uniform(-1, 1, shape).astype(dtype) for shape in SHAPES]
    return [nn.Parameter(mg.asarray(np.asarray(v), device=device)) for v in values]


def give_gradients(
    rng: np.random.Generator, ours: Sequence[Any], theirs: Sequence[Any] = (), share: float = 0.9
) -> None:
    """Random gradients, the same for both; some parameters get none."""
    for i, p in enumerate(ours):
        g = np.asarray(rng.standard_normal(p.shape)).astype(p.dtype)
        absent = rng.random() > share
        p.grad = None if absent else mg.asarray(g, device=p.device)
        if theirs:
            theirs[i].grad = None if absent else to_torch(g)


class Twins:
    """Two optimisers of the same name, hyperparameters and parameters."""

    def __init__(
        self, name: str, rng: np.random.Generator, device: Any, dtype: str, kwargs: dict[str, Any]
    ) -> None:
        self.rng = rng
        self.dtype = dtype
        self.ours = make_parameters(rng, device, dtype)
        self.theirs = [to_torch(to_numpy(p), True) for p in self.ours]
        self.kwargs = kwargs
        self.steps = 0
        self.reach = 1.0
        self.optimizer = self.build(mg.optim, name, self.ours)
        self.oracle = self.build(torch.optim, name, self.theirs)

    def build(self, optim: Any, name: str, parameters: Sequence[Any]) -> Any:
        """Two groups: the second has a rate of its own."""
        groups = [{"params": parameters[:2]}, {"params": parameters[2:], "lr": 0.05}]
        # The plain loop over parameters is PyTorch's definition; its other forms are faster.
        extra = {"foreach": False} if optim is torch.optim else {}
        return getattr(optim, name)(groups, **self.kwargs, **extra)

    def step(self) -> None:
        give_gradients(self.rng, self.ours, self.theirs)
        self.optimizer.step()
        self.oracle.step()
        self.steps += 1
        self.reach = largest(self.reach, *map(from_torch, self.theirs))

    def assert_equal(self) -> None:
        """Fail if the parameters differ by more than the roundings of all steps so far."""
        for p, q in zip(self.ours, self.theirs, strict=True):
            assert p.dtype == self.dtype and p.is_leaf
            assert p.data.__class__ is p.device.backend.array_type
            assert_close(
                to_numpy(p),
                from_torch(q),
                f"{self.optimizer} after {self.steps} steps",
                terms=self.steps * OPERATIONS,
                magnitude=self.reach,
            )
