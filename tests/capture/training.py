"""Trainings that run twice, captured and not, from one seed: what they leave has to be equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F
from minigrad_bn import BatchNorm1d, BatchNorm2d

__all__ = ["Training", "batches", "nets", "optimisers", "same_bits", "traces"]

Optimiser = Callable[[Any], optim.Optimizer]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 3))


def mlp_with_batch_norm() -> nn.Module:
    return nn.Sequential(
        nn.Linear(2, 8), BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 3)
    )


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, stride=2), BatchNorm2d(6, momentum=None), nn.GELU(), nn.Flatten(),
        nn.LayerNorm(6), nn.Linear(6, 3),
    )  # fmt: skip


nets = {
    "mlp": (mlp, (2,)),
    "mlp with batch norm": (mlp_with_batch_norm, (2,)),
    "cnn": (cnn, (1, 8, 8)),
}

optimisers: dict[str, Optimiser] = {
    "SGD": lambda ps: optim.SGD(ps, lr=0.1),
    "SGD with all": lambda ps: optim.SGD(
        ps, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01, maximize=True
    ),
    "Adam": lambda ps: optim.Adam(ps, lr=0.01),
    "Adam with all": lambda ps: optim.Adam(ps, weight_decay=0.1, amsgrad=True, maximize=True),
    "AdamW": lambda ps: optim.AdamW(ps, lr=0.01, betas=(0.8, 0.95)),
    "RMSprop": lambda ps: optim.RMSprop(ps, momentum=0.5, centered=True, weight_decay=0.1),
}


def batches(shape: tuple[int, ...], seed: int = 0) -> Iterator[tuple[mg.Tensor, mg.Tensor]]:
    """Inputs and the classes they belong to, for ever."""
    rng = np.random.default_rng(seed)
    while True:
        x = rng.normal(size=(12, *shape)).astype("float32")
        yield mg.asarray(x), mg.asarray(rng.integers(0, 3, 12))


class Training:
    """A net, its optimiser, and one step of training."""

    def __init__(self, net: str = "mlp", optimiser: str = "SGD", seed: int = 0) -> None:
        mg.random.manual_seed(seed)
        make, self.shape = nets[net]
        self.model = make()
        self.optimizer = optimisers[optimiser](self.model.parameters())

    def step(self, x: mg.Tensor, t: mg.Tensor) -> mg.Tensor:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x), t)
        loss.backward()
        self.optimizer.step()
        return loss

    def left(self) -> dict[str, Any]:
        """All that a step changes, as bytes."""
        found: dict[str, Any] = {k: bits(v) for k, v in self.model.state_dict().items()}
        for name, p in self.model.named_parameters():
            found[f"grad of {name}"] = None if p.grad is None else bits(p.grad)
            for key, value in self.optimizer.state.get(p, {}).items():
                found[f"{key} of {name}"] = bits(value)
        found["draws"] = mg.random.default_generator().state_dict()
        return found


def bits(x: Any) -> Any:
    """What a Tensor, an array or a number holds, to the last bit, with its form."""
    array = x.data if isinstance(x, mg.Tensor) else x
    if isinstance(array, np.ndarray | np.generic):
        return type(array), array.shape, array.dtype, array.tobytes()
    return type(x), x


def same_bits(a: Any, b: Any) -> bool:
    return bits(a) == bits(b)


def traces(
    make: Callable[[], Any], run: Callable[[Any, Callable[..., Any]], Any]
) -> tuple[Any, Any]:
    """What `run(training, step)` returns, with the step as it is, and captured."""
    plain, captured = make(), make()
    as_it_is = run(plain, plain.step)
    # The second training began from the same seed, and its generator has to start there again.
    mg.random.manual_seed(0)
    return as_it_is, run(captured, mg.capture(captured.step))
